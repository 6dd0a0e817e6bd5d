//! Proofs, as flows pass them on and as rows store them.

use serde::{Deserialize, Serialize};

use super::Method;
use crate::linked_account::server::ProviderAccount;
use crate::server::config::AcceptedFactors;
use crate::user::server::Owner;

/// A proof that a method has just made.
#[derive(Clone, Debug)]
pub struct Proof {
    pub method: Method,
    /// When the user authenticated, in Unix seconds; at a provider, that may be a while ago.
    pub at: i64,
    /// The proven user; `None` for a provider account that is linked to no user.
    pub owner: Option<Owner>,
    /// The proven account at a provider.
    pub account: Option<ProviderAccount>,
    /// The account for which this attempt counts as a wrong password until it starts a session or waits for
    /// a second factor.
    pub failures_of: Option<String>,
}

impl Proof {
    /// Creates a proof by `method`, made now.
    #[must_use]
    pub fn new(method: Method, owner: Owner, now: i64) -> Self {
        Self { method, at: now, owner: Some(owner), account: None, failures_of: None }
    }

    /// Creates a proof by a password that was counted as a failure of `account`.
    #[must_use]
    pub fn by_password(owner: Owner, account: String, now: i64) -> Self {
        Self { failures_of: Some(account), ..Self::new(Method::Password, owner, now) }
    }
}

/// A proof as an attempt stores it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredProof {
    pub method: Method,
    /// In Unix seconds.
    pub at: i64,
}

/// The proofs of one attempt, all of one user, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Proofs(Vec<StoredProof>);

impl Proofs {
    /// Creates a list with one proof, made at this time in Unix seconds.
    #[must_use]
    pub fn of(method: Method, at: i64) -> Self {
        Self(vec![StoredProof { method, at }])
    }

    /// Adds a proof, and removes an earlier one by the same method.
    pub fn add(&mut self, method: Method, at: i64) {
        self.0.retain(|it| it.method != method);
        self.0.push(StoredProof { method, at });
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns when the user last authenticated, in Unix seconds; 0 before the first proof.
    #[must_use]
    pub fn newest(&self) -> i64 {
        self.0.iter().map(|it| it.at).max().unwrap_or(0)
    }

    #[must_use]
    pub fn contains(&self, method: &Method) -> bool {
        self.0.iter().any(|it| it.method == *method)
    }

    /// Returns whether a proof identifies the user.
    #[must_use]
    pub fn has_first_factor(&self) -> bool {
        self.first_factor().is_some()
    }

    /// Returns the method that identified the user.
    #[must_use]
    pub fn first_factor(&self) -> Option<&Method> {
        self.0.iter().map(|it| &it.method).find(|it| it.is_first_factor())
    }

    /// Returns when any second factor was last proven, in Unix seconds.
    #[must_use]
    pub fn second_factor_at(&self) -> Option<i64> {
        self.second_factors().map(|it| it.at).max()
    }

    /// Returns when a second factor that confirms an identity was last proved, in Unix seconds: a passkey if the user has
    /// one, or else any other of these. A recovery code replaces them; a mailed code does so at a sign-in only.
    #[must_use]
    pub fn confirmed_at(&self, accepted: AcceptedFactors, has_passkey: bool) -> Option<i64> {
        let confirms = |it: &&StoredProof| match it.method {
            Method::Passkey { is_device_bound } => accepted.includes_passkey(is_device_bound),
            Method::RecoveryCode => accepted.includes_codes(),
            Method::MailedCode => false,
            _ => accepted.includes_codes() && !has_passkey,
        };
        self.second_factors().filter(confirms).map(|it| it.at).max()
    }

    /// Returns whether one of these second factors was proven.
    #[must_use]
    pub fn has_second_factor(&self, accepted: AcceptedFactors) -> bool {
        self.second_factors().any(|it| match it.method {
            Method::Passkey { is_device_bound } => accepted.includes_passkey(is_device_bound),
            _ => accepted.includes_codes(),
        })
    }

    /// Returns the proofs of second factors. A mailed code is none beside a mailed sign-in: both prove only access to
    /// the mailbox.
    fn second_factors(&self) -> impl Iterator<Item = &StoredProof> {
        let is_by_mail = self.contains(&Method::Email);
        self.0.iter().filter(move |it| {
            it.method.is_second_factor() && !(is_by_mail && it.method == Method::MailedCode)
        })
    }

    #[must_use]
    pub fn methods(&self) -> Methods {
        Methods(self.0.iter().map(|it| it.method.clone()).collect())
    }
}

/// The methods behind a session, from its column `methods`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Methods(Vec<Method>);

impl Methods {
    #[must_use]
    pub fn of(method: Method) -> Self {
        Self(vec![method])
    }

    /// Reads the column, and ignores the words of other versions.
    #[must_use]
    pub fn from_words(words: &str) -> Self {
        Self(words.split(' ').filter_map(|it| it.parse().ok()).collect())
    }

    /// Returns the text of the column: words separated by spaces.
    #[must_use]
    pub fn words(&self) -> String {
        self.0.iter().cloned().map(String::from).collect::<Vec<_>>().join(" ")
    }

    /// Returns these methods, then those of `others` that are not among them.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        for method in others.0 {
            if !self.0.contains(&method) {
                self.0.push(method);
            }
        }
        self
    }

    /// Returns whether they include this provider, and it has checked two factors.
    #[must_use]
    pub fn include_multi_factor_provider(&self, provider: &str) -> bool {
        self.0.iter().any(
            |it| matches!(it, Method::Provider { name, is_multi_factor: true } if name == provider),
        )
    }

    /// Returns the methods for a view, with each provider's name replaced by its label.
    #[must_use]
    pub fn labelled(self, label: impl Fn(&str) -> String) -> Vec<Method> {
        let named = |it| match it {
            Method::Provider { name, is_multi_factor } => {
                Method::Provider { name: label(&name), is_multi_factor }
            }
            other => other,
        };
        self.0.into_iter().map(named).collect()
    }

    /// Returns the methods as text for the audit log.
    #[must_use]
    pub fn listed(&self) -> String {
        super::listed(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_proof_by_the_same_method_replaces_the_earlier() {
        let mut proofs = Proofs::default();
        assert_eq!((proofs.is_empty(), proofs.newest()), (true, 0));
        proofs.add(Method::Password, 10);
        proofs.add(Method::Email, 20);
        proofs.add(Method::Password, 15);
        assert_eq!((proofs.newest(), proofs.methods().words().as_str()), (20, "email password"));
    }

    #[test]
    fn methods_round_trip_through_their_column_without_duplicates() {
        let idp = Method::Provider { name: "idp".to_owned(), is_multi_factor: false };
        let both = Methods::of(Method::Password).and(Methods::of(idp.clone()));
        assert_eq!(both.words(), "password provider:idp");
        assert_eq!(Methods::from_words(&both.words()), both);
        assert_eq!(both.clone().and(both.clone()), both);
        assert_eq!(Methods::from_words("password magic provider:").words(), "password");
        assert_eq!(Methods::from_words(""), Methods::default());
        let labelled = both.labelled(|name| format!("The {name}"));
        assert_eq!(super::super::listed(&labelled), "password, The idp");
    }
}
