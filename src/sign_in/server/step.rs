//! Decides what an attempt still needs, from facts alone.

use super::attempt::Intent;
use crate::proof::server::Proofs;
use crate::second_factor_policy::server::Requirement;
use crate::server::config::AcceptedFactors;
use crate::user::server::Owner;

/// The facts that decide, read in the transaction that acts, after it has locked the user.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub intent: &'a Intent,
    /// The user of the attempt; `None` until a proof names one.
    pub expected: Option<&'a Owner>,
    /// The user of the newest proof; `None` for a provider account that is linked to no user.
    pub proof_owner: Option<&'a Owner>,
    /// How many times all sessions of the user have been ended.
    pub epoch: i64,
    /// Whether the user is disabled or an administrator deleted the account.
    pub is_blocked: bool,
    /// The earliest time, in Unix seconds, of a proof that can confirm an identity.
    pub fresh_since: i64,
    /// What the user's factors and the site's policy require besides the first factor.
    pub second_factor: Requirement,
    /// Whether the user has a passkey, the strongest factor.
    pub has_passkey: bool,
    /// Whether the user trusts this browser: a sign-in in it needs no second factor.
    pub is_trusted: bool,
}

impl Facts<'_> {
    /// Returns when the user confirmed their identity with the strongest second factor they have, in Unix seconds.
    #[must_use]
    pub fn confirmed_at(&self, proofs: &Proofs) -> Option<i64> {
        proofs.confirmed_at(self.second_factor.provable(), self.has_passkey)
    }
}

/// The next thing that an attempt needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Proof of a user's identity.
    Authenticate,
    /// Proofs of a single user: the newest is another user's.
    OtherUser,
    /// An administrator's help: they disabled the user or deleted the account.
    Disabled,
    /// New proofs: all sessions of the user have been ended since these were made.
    StartOver,
    /// A newer proof: the user authenticated too long ago.
    AuthenticateAgain,
    /// Proof of a second factor.
    ProveSecondFactor,
    /// A second factor, which the site requires and the user has not set up.
    SetUpSecondFactor,
    /// Nothing more.
    Done,
}

impl Step {
    /// Decides the next step of an attempt; no other code does.
    #[must_use]
    pub fn after(facts: &Facts<'_>, proofs: &Proofs) -> Self {
        let is_link = matches!(facts.intent, Intent::Link);
        let is_other = match (facts.proof_owner, facts.expected) {
            (Some(proof_owner), Some(expected)) => proof_owner.user_id != expected.user_id,
            (None, Some(_)) => !is_link,
            (_, None) => false,
        };
        let is_outdated = [facts.proof_owner, facts.expected]
            .into_iter()
            .flatten()
            .any(|it| it.epoch != facts.epoch);
        let is_sign_in = matches!(facts.intent, Intent::SignIn { .. });
        let confirms = matches!(facts.intent, Intent::Reauthenticate { .. });
        if proofs.is_empty() || (facts.proof_owner.is_none() && facts.expected.is_none()) {
            Self::Authenticate
        } else if is_other {
            Self::OtherUser
        } else if facts.is_blocked {
            // Before `StartOver`, because disabling a user also ends all sessions.
            Self::Disabled
        } else if is_outdated {
            Self::StartOver
        } else if is_sign_in && !proofs.has_first_factor() {
            Self::Authenticate
        } else if confirms && proofs.newest() < facts.fresh_since {
            Self::AuthenticateAgain
        } else {
            Self::after_first_factor(facts, proofs)
        }
    }

    /// Decides whether an identified user must prove or set up a second factor. A confirmation needs only that factor,
    /// the strongest one. Linking needs none, because it starts from a fresh session.
    fn after_first_factor(facts: &Facts<'_>, proofs: &Proofs) -> Self {
        match facts.intent {
            Intent::SignIn { .. } if facts.is_trusted && facts.second_factor.is_lenient() => {
                Self::Done
            }
            Intent::SignIn { .. } => Self::after_second_factors(facts.second_factor, proofs),
            Intent::Reauthenticate { .. } => match facts.second_factor {
                // Where a factor is to be replaced, the next sign-in does it.
                Requirement::Prove(_) | Requirement::Replace(_)
                    if facts.confirmed_at(proofs).is_none() =>
                {
                    Self::ProveSecondFactor
                }
                _ => Self::Done,
            },
            Intent::Link => Self::Done,
        }
    }

    /// Decides what the second factors of a sign-in still lack. Before a user replaces factors that the site no longer
    /// accepts, they prove one of them: otherwise a thief who has the password would only have to set up another.
    #[must_use]
    pub fn after_second_factors(required: Requirement, proofs: &Proofs) -> Self {
        let is_proven = |it| proofs.has_second_factor(it);
        match required {
            Requirement::Prove(it) if !is_proven(it) => Self::ProveSecondFactor,
            Requirement::SetUp(it) if !is_proven(it) => Self::SetUpSecondFactor,
            Requirement::Replace(it) if !is_proven(it) => {
                if is_proven(AcceptedFactors::Any) {
                    Self::SetUpSecondFactor
                } else {
                    Self::ProveSecondFactor
                }
            }
            _ => Self::Done,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::proof::Method;
    use crate::return_to::ReturnTo;

    const PROVE: Requirement = Requirement::Prove(AcceptedFactors::Any);
    const SET_UP: Requirement = Requirement::SetUp(AcceptedFactors::Any);

    fn sign_in() -> Intent {
        Intent::SignIn { return_to: ReturnTo::dashboard(), remembered: false }
    }

    fn confirm() -> Intent {
        Intent::Reauthenticate { return_to: ReturnTo::dashboard() }
    }

    fn owner(id: &str, epoch: i64) -> Owner {
        Owner { user_id: id.to_owned().into(), epoch }
    }

    /// The user's sessions were ended twice, and proofs confirm an identity from 400 on.
    fn facts<'a>(intent: &'a Intent, owner: Option<&'a Owner>) -> Facts<'a> {
        Facts {
            intent,
            expected: owner,
            proof_owner: owner,
            epoch: 2,
            is_blocked: false,
            fresh_since: 400,
            second_factor: Requirement::Nothing,
            has_passkey: false,
            is_trusted: false,
        }
    }

    fn proved_at(at: i64) -> Proofs {
        let mut proofs = Proofs::default();
        proofs.add(Method::Password, at);
        proofs
    }

    /// The time is 1000.
    #[test]
    fn v5_0_0__6_1_1__a_step_follows_from_facts_and_proofs() {
        let (ada, eve, old) = (owner("ada", 2), owner("eve", 2), owner("ada", 1));
        let (now, late, none) = (proved_at(1000), proved_at(399), Proofs::default());
        let (ada, eve, old) = (Some(&ada), Some(&eve), Some(&old));
        for (intent, expected, proof_owner, is_blocked, proofs, step) in [
            // A sign-in accepts any user who proves their identity.
            (sign_in(), None, ada, false, &now, Step::Done),
            (sign_in(), None, ada, false, &late, Step::Done),
            (sign_in(), None, ada, false, &none, Step::Authenticate),
            (sign_in(), None, None, false, &now, Step::Authenticate),
            (sign_in(), None, ada, true, &now, Step::Disabled),
            (sign_in(), None, old, false, &now, Step::StartOver),
            (sign_in(), None, old, true, &now, Step::Disabled),
            // An attempt stays with its first user.
            (sign_in(), ada, ada, false, &now, Step::Done),
            (sign_in(), ada, eve, false, &now, Step::OtherUser),
            (sign_in(), ada, None, false, &now, Step::OtherUser),
            (sign_in(), old, ada, false, &now, Step::StartOver),
            // Reauthentication needs a recent proof by the same user.
            (confirm(), ada, ada, false, &now, Step::Done),
            (confirm(), ada, ada, false, &proved_at(400), Step::Done),
            (confirm(), ada, ada, false, &late, Step::AuthenticateAgain),
            (confirm(), ada, eve, false, &now, Step::OtherUser),
            (confirm(), ada, None, false, &now, Step::OtherUser),
            (confirm(), ada, ada, true, &now, Step::Disabled),
            (confirm(), ada, ada, false, &none, Step::Authenticate),
            // An account to link belongs to no user or to this one.
            (Intent::Link, ada, None, false, &now, Step::Done),
            (Intent::Link, ada, ada, false, &now, Step::Done),
            (Intent::Link, ada, eve, false, &now, Step::OtherUser),
            (Intent::Link, old, None, false, &now, Step::StartOver),
            (Intent::Link, ada, None, true, &now, Step::Disabled),
            (Intent::Link, None, None, false, &now, Step::Authenticate),
        ] {
            let facts = Facts { expected, proof_owner, is_blocked, ..facts(&intent, None) };
            assert_eq!(Step::after(&facts, proofs), step, "{facts:?} {proofs:?}");
        }
    }

    /// The same times. Each factor counts once, and a second factor identifies nobody.
    #[test]
    fn v5_0_0__6_3_4__sign_ins_and_confirmations_are_not_done_without_the_second_factor() {
        use AcceptedFactors::Passkeys;
        use Method::{AuthenticatorApp, Email, MailedCode, Password, RecoveryCode};
        use Requirement::Nothing;
        let ada = owner("ada", 2);
        let idp = Method::Provider { name: "idp".to_owned(), is_multi_factor: false };
        let strong = Method::Provider { name: "idp".to_owned(), is_multi_factor: true };
        for (intent, second_factor, methods, step) in [
            (sign_in(), Nothing, vec![Password], Step::Done),
            (sign_in(), Nothing, vec![AuthenticatorApp], Step::Authenticate),
            (sign_in(), Nothing, vec![RecoveryCode, AuthenticatorApp], Step::Authenticate),
            (sign_in(), PROVE, vec![Password], Step::ProveSecondFactor),
            (sign_in(), PROVE, vec![Email], Step::ProveSecondFactor),
            (sign_in(), PROVE, vec![idp.clone()], Step::ProveSecondFactor),
            (sign_in(), PROVE, vec![Password, Email, idp.clone()], Step::ProveSecondFactor),
            (sign_in(), PROVE, vec![AuthenticatorApp], Step::Authenticate),
            (sign_in(), PROVE, vec![Password, AuthenticatorApp], Step::Done),
            (sign_in(), PROVE, vec![idp, RecoveryCode], Step::Done),
            (sign_in(), PROVE, vec![Password, MailedCode], Step::Done),
            // A provider that checked both factors.
            (sign_in(), PROVE, vec![strong.clone()], Step::Done),
            (sign_in(), SET_UP, vec![strong.clone()], Step::Done),
            (sign_in(), Requirement::Prove(Passkeys), vec![strong], Step::ProveSecondFactor),
            // Both prove the same mailbox.
            (sign_in(), PROVE, vec![Email, MailedCode], Step::ProveSecondFactor),
            (sign_in(), PROVE, vec![Email, MailedCode, RecoveryCode], Step::Done),
            (sign_in(), SET_UP, vec![Password], Step::SetUpSecondFactor),
            (sign_in(), SET_UP, vec![Password, AuthenticatorApp], Step::Done),
            // A confirmation needs the strongest factor, and only that.
            (confirm(), Nothing, vec![Password], Step::Done),
            (confirm(), PROVE, vec![Password], Step::ProveSecondFactor),
            (confirm(), PROVE, vec![AuthenticatorApp], Step::Done),
            (confirm(), SET_UP, vec![Password], Step::Done),
            (Intent::Link, PROVE, vec![Password], Step::Done),
        ] {
            let mut proofs = Proofs::default();
            for method in &methods {
                proofs.add(method.clone(), 1000);
            }
            let facts = Facts { second_factor, ..facts(&intent, Some(&ada)) };
            assert_eq!(Step::after(&facts, &proofs), step, "{facts:?} {methods:?}");
            // A trusted browser spares a sign-in the proof of a factor, and nothing else.
            let trusted = Step::after(&Facts { is_trusted: true, ..facts }, &proofs);
            let is_spared =
                intent == sign_in() && second_factor == PROVE && step == Step::ProveSecondFactor;
            assert_eq!(trusted, if is_spared { Step::Done } else { step }, "{facts:?}");
        }
    }

    #[test]
    fn v5_0_0__7_5_1__a_confirmation_needs_the_strongest_factor_or_a_recovery_code() {
        use AcceptedFactors::{DeviceBoundPasskeys, Passkeys};
        let (ada, intent) = (owner("ada", 2), confirm());
        let synced = Method::Passkey { is_device_bound: false };
        let provider = Method::Provider { name: "idp".to_owned(), is_multi_factor: true };
        let (code, mailed) = (Method::AuthenticatorApp, Method::MailedCode);
        let device_bound = Requirement::Prove(DeviceBoundPasskeys);
        for (second_factor, has_passkey, method, is_enough) in [
            (PROVE, true, &synced, true),
            (PROVE, true, &code, false),
            (PROVE, true, &provider, false),
            (PROVE, true, &mailed, false),
            (PROVE, true, &Method::RecoveryCode, true),
            (PROVE, false, &code, true),
            (PROVE, false, &provider, true),
            (PROVE, false, &mailed, false),
            (PROVE, false, &Method::RecoveryCode, true),
            (Requirement::Prove(Passkeys), true, &Method::RecoveryCode, false),
            (device_bound, true, &synced, false),
            (Requirement::Replace(Passkeys), false, &code, true),
            (Requirement::Replace(Passkeys), false, &Method::Password, false),
        ] {
            let mut proofs = Proofs::default();
            proofs.add(method.clone(), 1000);
            let facts = Facts { second_factor, has_passkey, ..facts(&intent, Some(&ada)) };
            let step = if is_enough { Step::Done } else { Step::ProveSecondFactor };
            assert_eq!(Step::after(&facts, &proofs), step, "{facts:?} {method:?}");
            assert_eq!(facts.confirmed_at(&proofs), is_enough.then_some(1000));
        }
    }

    fn methods() -> impl Strategy<Value = Method> {
        prop::sample::select(vec![
            Method::Password,
            Method::Email,
            Method::AuthenticatorApp,
            Method::RecoveryCode,
            Method::MailedCode,
            Method::Passkey { is_device_bound: false },
        ])
    }

    fn requirements() -> impl Strategy<Value = Requirement> {
        prop::sample::select(vec![Requirement::Nothing, PROVE, SET_UP])
    }

    proptest! {
        #[test]
        fn no_attempt_is_done_for_another_user_an_old_epoch_or_a_disabled_user(
            kind in 0..3,
            expected in prop::option::of(("[ae]", 0_i64..3)),
            proof_owner in prop::option::of(("[ae]", 0_i64..3)),
            epoch in 0_i64..3,
            is_blocked in any::<bool>(),
            made in prop::collection::vec((methods(), 0_i64..3), 0..3),
            second_factor in requirements(),
            (has_passkey, is_trusted) in any::<(bool, bool)>(),
        ) {
            let intent = [sign_in(), confirm(), Intent::Link][usize::try_from(kind).unwrap()].clone();
            let of = |it: Option<(String, i64)>| it.map(|(id, epoch)| owner(&id, epoch));
            let (expected, proof_owner) = (of(expected), of(proof_owner));
            let (expected, proof_owner) = (expected.as_ref(), proof_owner.as_ref());
            let facts = Facts {
                intent: &intent,
                expected,
                proof_owner,
                epoch,
                is_blocked,
                fresh_since: 1,
                second_factor,
                has_passkey,
                is_trusted,
            };
            let mut proofs = Proofs::default();
            for (method, at) in &made {
                proofs.add(method.clone(), *at);
            }
            if Step::after(&facts, &proofs) == Step::Done {
                prop_assert!(!is_blocked && !made.is_empty());
                let is_sign_in = intent == sign_in();
                prop_assert!(!is_sign_in || made.iter().any(|it| it.0.is_first_factor()));
                let is_proven = made.iter().any(|it| it.0.is_second_factor());
                let needs_proof = second_factor == PROVE
                    && intent != Intent::Link
                    && !(is_sign_in && is_trusted);
                let needs_set_up = second_factor == SET_UP && is_sign_in;
                let needs_passkey = second_factor == PROVE && has_passkey && intent == confirm();
                let is_strong = |it: &Method| {
                    matches!(it, Method::Passkey { .. } | Method::RecoveryCode)
                };
                prop_assert!(!needs_passkey || made.iter().any(|it| is_strong(&it.0)));
                prop_assert!(is_proven || !needs_proof && !needs_set_up);
                let named: Vec<_> = [expected, proof_owner].into_iter().flatten().collect();
                prop_assert!(!named.is_empty());
                prop_assert!(named.iter().all(|it| it.epoch == epoch));
                prop_assert!(named.iter().all(|it| it.user_id == named[0].user_id));
                prop_assert!(proof_owner.is_some() || intent == Intent::Link);
            }
        }
    }
}
