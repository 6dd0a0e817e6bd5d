//! Mails with sample content, for previews and for testing templates at startup.

use super::{EventOrigin, Mail, UntrustedText};
use crate::text::utc;

fn sample_event() -> EventOrigin {
    EventOrigin {
        at: utc(1_795_536_540),
        browser: "Firefox".to_owned(),
        system: "Linux".to_owned(),
        address: "192.0.2.7".to_owned(),
    }
}

impl Mail {
    /// Returns one of each with sample content.
    #[must_use]
    pub fn samples(site: &str) -> Vec<Self> {
        let event = sample_event();
        let link = format!("{site}tickets/sample");
        let not_me = format!("{site}tickets/not-me-sample");
        let day = "24 hours".to_owned();
        let mut samples = vec![
            Self::Verification { link: link.clone(), lifetime: day.clone() },
            Self::SignUpTaken { event: event.clone() },
            Self::EmailChange { link: link.clone(), lifetime: day },
            Self::EmailChanged {
                event: event.clone(),
                new_address: UntrustedText::new("ada@new.example.com"),
                not_me: not_me.clone(),
                lifetime: "7 days".to_owned(),
            },
            Self::Recovery {
                event: event.clone(),
                link: link.clone(),
                lifetime: "30 minutes".to_owned(),
                not_me: not_me.clone(),
            },
            Self::SignIn {
                event: event.clone(),
                link: link.clone(),
                code: "012345".to_owned(),
                lifetime: "10 minutes".to_owned(),
            },
            Self::Invitation { link: link.clone(), lifetime: "7 days".to_owned() },
            Self::NewSignIn { event: event.clone(), not_me: not_me.clone() },
            Self::PasswordChanged { event: event.clone(), not_me: not_me.clone() },
            Self::PasswordLocked { event: event.clone() },
            Self::ProviderLinked {
                event: event.clone(),
                provider: "GitHub".to_owned(),
                account: UntrustedText::new("ada"),
                not_me: not_me.clone(),
            },
            Self::ProviderUnlinked {
                event: event.clone(),
                provider: "GitHub".to_owned(),
                account: UntrustedText::new("ada"),
                not_me: not_me.clone(),
            },
            Self::DeletionScheduled { event, until: utc(1_796_746_140), not_me: not_me.clone() },
            Self::Impersonated { at: utc(1_795_536_540), until: utc(1_795_538_340) },
            Self::PasswordLink { link, lifetime: "30 minutes".to_owned() },
            Self::DeletedByAdministrator { until: utc(1_796_746_140) },
            Self::UnlinkedByAdministrator {
                at: utc(1_795_536_540),
                provider: "GitHub".to_owned(),
                account: UntrustedText::new("ada"),
            },
        ];
        samples.extend(Self::factor_samples(&format!("{site}tickets/sample"), &not_me));
        samples
    }

    fn factor_samples(link: &str, not_me: &str) -> Vec<Self> {
        let (event, not_me) = (sample_event(), not_me.to_owned());
        let name = UntrustedText::new("Phone");
        vec![
            Self::SecondFactorAdded {
                event: event.clone(),
                name: name.clone(),
                not_me: not_me.clone(),
            },
            Self::SecondFactorRemoved {
                event: event.clone(),
                name: name.clone(),
                not_me: not_me.clone(),
            },
            Self::PasskeyAdded {
                event: event.clone(),
                name: name.clone(),
                is_automatic: false,
                not_me: not_me.clone(),
            },
            Self::PasskeyRemoved {
                event: event.clone(),
                name: name.clone(),
                not_me: not_me.clone(),
            },
            Self::PasskeyEnabled {
                event: event.clone(),
                name: name.clone(),
                not_me: not_me.clone(),
            },
            Self::PasskeyDisabled {
                event: event.clone(),
                name: name.clone(),
                not_me: not_me.clone(),
            },
            Self::RecoveryCodesCreated { event: event.clone(), not_me: not_me.clone() },
            Self::RecoveryCodeUsed { event: event.clone(), left: 2, not_me: not_me.clone() },
            Self::SecondFactorCode {
                event: event.clone(),
                code: "012345".to_owned(),
                lifetime: "10 minutes".to_owned(),
            },
            Self::WrongCodes { event: event.clone(), not_me: not_me.clone() },
            Self::FactorRecovery {
                event: event.clone(),
                link: link.to_owned(),
                from: utc(1_795_622_940),
                not_me: not_me.clone(),
            },
            Self::FactorRemovedByAdministrator { at: utc(1_795_536_540), name: name.clone() },
        ]
    }
}
