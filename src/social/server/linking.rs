//! Decides what an account at a provider leads to, from facts alone.

use serde::{Deserialize, Serialize};

use crate::error::AppError;
use crate::server::config::SignUpMode;
use crate::sign_up::server::SignUpRule;
use crate::social::SocialProblem;

/// The facts that decide, read in the transaction that acts.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    pub purpose: Purpose,
    pub link: Link,
    pub membership: Membership,
    pub address: Address,
    pub sign_up: SignUpRule,
}

/// Why the user went to the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    SignIn,
    /// To link the account to the signed-in user.
    Link,
    /// To confirm the signed-in user's identity. `Step` compares the users.
    Confirm,
}

/// To whom the account is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Nobody,
    /// The signed-in user; at a sign-in, any user.
    Theirs,
    SomeoneElse,
}

/// The user's email address. An address that the provider does not vouch for is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    None,
    /// No account has it.
    Free,
    /// An account has it that has not verified it.
    Unverified,
    /// An account has verified it.
    Verified,
}

/// Whether the user is in a group at the provider that may use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Membership {
    /// The provider's section names no groups.
    NotAsked,
    Member,
    Outsider,
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The user to whom the account is linked goes on, and nothing changes.
    Continue,
    /// The account is linked to the signed-in user.
    Link,
    /// A new user is created.
    SignUp,
    /// The account with the address becomes this user's, without anything that was set up in it.
    TakeOver,
}

impl Facts {
    fn sign_up_refusal(self) -> Option<AppError> {
        let is_admitted =
            self.sign_up.mode == SignUpMode::Groups && self.membership == Membership::Member;
        self.sign_up.refusal().filter(|_| !is_admitted)
    }
}

impl Outcome {
    /// Decides; no other code does. A matching address never gives access to what its owner has verified.
    pub fn of(facts: Facts) -> Result<Self, AppError> {
        let refuse = |problem| Err(AppError::Social(problem));
        if facts.membership == Membership::Outsider {
            return refuse(SocialProblem::NotMember);
        }
        match (facts.purpose, facts.link) {
            (_, Link::Theirs) | (Purpose::Confirm, _) => Ok(Self::Continue),
            (Purpose::Link, Link::Nobody) => Ok(Self::Link),
            (Purpose::Link, Link::SomeoneElse) => refuse(SocialProblem::LinkedToOtherUser),
            (Purpose::SignIn, _) => match (facts.address, facts.sign_up_refusal()) {
                (Address::Verified, _) => refuse(SocialProblem::EmailTaken),
                (_, Some(refusal)) => Err(refusal),
                (Address::Unverified, None) => Ok(Self::TakeOver),
                (Address::None | Address::Free, None) => Ok(Self::SignUp),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Problems;
    use crate::sign_up::SignUpProblem;
    use crate::user::EmailProblem;
    use Membership::{Member, NotAsked, Outsider};
    use SignUpMode::{Closed, Domains, Groups, Invited, Open};

    const PURPOSES: [Purpose; 3] = [Purpose::SignIn, Purpose::Link, Purpose::Confirm];
    const LINKS: [Link; 3] = [Link::Nobody, Link::Theirs, Link::SomeoneElse];
    const ADDRESSES: [Address; 4] =
        [Address::None, Address::Free, Address::Unverified, Address::Verified];

    fn rules() -> impl Iterator<Item = SignUpRule> {
        let flags = [(false, false), (false, true), (true, false), (true, true)];
        [Open, Invited, Domains, Groups, Closed].into_iter().flat_map(move |mode| {
            flags.map(|(is_invited, is_of_domain)| SignUpRule { mode, is_invited, is_of_domain })
        })
    }

    fn all() -> impl Iterator<Item = Facts> {
        PURPOSES.into_iter().flat_map(|purpose| {
            LINKS.into_iter().flat_map(move |link| {
                ADDRESSES.into_iter().flat_map(move |address| {
                    rules().flat_map(move |sign_up| {
                        [NotAsked, Member, Outsider].map(|membership| Facts {
                            purpose,
                            link,
                            membership,
                            address,
                            sign_up,
                        })
                    })
                })
            })
        })
    }

    const fn rule(mode: SignUpMode, is_invited: bool, is_of_domain: bool) -> SignUpRule {
        SignUpRule { mode, is_invited, is_of_domain }
    }

    #[test]
    fn v5_0_0__6_8_1__an_outcome_follows_from_facts() {
        use Address::{Free, None, Unverified, Verified};
        let other_domain = AppError::Invalid(Problems {
            email: Some(EmailProblem::OtherDomain),
            ..Problems::default()
        });
        let uninvited = AppError::SignUp(SignUpProblem::InvitationNeeded);
        let closed = AppError::SignUp(SignUpProblem::Closed);
        let taken = AppError::Social(SocialProblem::EmailTaken);
        let members_only = AppError::SignUp(SignUpProblem::MembersOnly);
        for (address, sign_up, membership, outcome) in [
            (None, rule(Open, false, false), NotAsked, Ok(Outcome::SignUp)),
            (Free, rule(Open, false, false), NotAsked, Ok(Outcome::SignUp)),
            (Unverified, rule(Open, false, false), NotAsked, Ok(Outcome::TakeOver)),
            (Verified, rule(Open, false, false), NotAsked, Err(taken)),
            (None, rule(Domains, false, false), NotAsked, Err(other_domain)),
            (Free, rule(Domains, false, false), NotAsked, Err(other_domain)),
            (Free, rule(Domains, false, true), NotAsked, Ok(Outcome::SignUp)),
            (Free, rule(Domains, true, false), NotAsked, Ok(Outcome::SignUp)),
            (Unverified, rule(Domains, false, false), NotAsked, Err(other_domain)),
            (Unverified, rule(Domains, false, true), NotAsked, Ok(Outcome::TakeOver)),
            (Verified, rule(Domains, false, true), NotAsked, Err(taken)),
            (None, rule(Invited, false, false), NotAsked, Err(uninvited)),
            (Free, rule(Invited, false, true), NotAsked, Err(uninvited)),
            (Free, rule(Invited, true, false), NotAsked, Ok(Outcome::SignUp)),
            (Unverified, rule(Invited, true, false), NotAsked, Ok(Outcome::TakeOver)),
            (Verified, rule(Invited, true, false), NotAsked, Err(taken)),
            (Free, rule(Closed, false, true), NotAsked, Err(closed)),
            (Free, rule(Closed, true, false), NotAsked, Ok(Outcome::SignUp)),
            (Verified, rule(Closed, false, false), NotAsked, Err(taken)),
            // Members of a group are invited by it, if the mode says so.
            (Free, rule(Groups, false, true), NotAsked, Err(members_only)),
            (Free, rule(Groups, false, false), Member, Ok(Outcome::SignUp)),
            (None, rule(Groups, false, false), Member, Ok(Outcome::SignUp)),
            (Unverified, rule(Groups, false, false), Member, Ok(Outcome::TakeOver)),
            (Verified, rule(Groups, false, false), Member, Err(taken)),
            (Free, rule(Groups, true, false), NotAsked, Ok(Outcome::SignUp)),
            (Free, rule(Invited, false, false), Member, Err(uninvited)),
            (Free, rule(Closed, false, false), Member, Err(closed)),
            (Free, rule(Open, false, false), Member, Ok(Outcome::SignUp)),
        ] {
            let facts = Facts {
                purpose: Purpose::SignIn,
                link: Link::Nobody,
                membership,
                address,
                sign_up,
            };
            assert_eq!(Outcome::of(facts), outcome, "{facts:?}");
        }
    }

    #[test]
    fn only_members_get_anywhere() {
        for facts in all().filter(|it| it.membership == Outsider) {
            let refusal = Err(AppError::Social(SocialProblem::NotMember));
            assert_eq!(Outcome::of(facts), refusal, "{facts:?}");
        }
    }

    #[test]
    fn v5_0_0__6_8_1__an_address_gives_no_access_to_an_account_that_has_verified_it() {
        for facts in all().filter(|it| it.membership != Outsider) {
            let outcome = Outcome::of(facts);
            // Who is known needs neither an address nor the permission to sign up.
            let goes_on = facts.link == Link::Theirs || facts.purpose == Purpose::Confirm;
            assert_eq!(outcome == Ok(Outcome::Continue), goes_on, "{facts:?}");
            let links = facts.purpose == Purpose::Link && facts.link == Link::Nobody;
            assert_eq!(outcome == Ok(Outcome::Link), links, "{facts:?}");
            if matches!(outcome, Ok(Outcome::SignUp | Outcome::TakeOver)) {
                assert_eq!(facts.purpose, Purpose::SignIn, "{facts:?}");
                assert!(facts.sign_up_refusal().is_none(), "{facts:?}");
                assert_ne!(facts.address, Address::Verified, "{facts:?}");
            }
            let takes_over = outcome == Ok(Outcome::TakeOver);
            assert!(!takes_over || facts.address == Address::Unverified, "{facts:?}");
        }
    }
}
