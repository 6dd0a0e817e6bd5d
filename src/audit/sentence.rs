//! The subjects of events, as users read them.

use super::types::EventKind;

/// Returns an event's subject as users read it. A name, an email address or a reason is shown as recorded.
pub fn subject(kind: EventKind, about: String) -> String {
    let text = match (kind, about.as_str()) {
        (EventKind::SignInRefused, "password") => "wrong password",
        (EventKind::SignInRefused, "code" | "mailed code") => "wrong mailed code",
        (EventKind::SignInRefused, "authenticator app") => "wrong authenticator app code",
        (EventKind::SignInRefused, "recovery code") => "wrong recovery code",
        (EventKind::SignInRefused, "passkey") => "passkey not accepted",
        (EventKind::SignInRefused, "disabled") => "account disabled",
        (EventKind::SessionEnded, "too many") => "too many sessions",
        (EventKind::ImpersonationBegun, until) => return format!("until {until}"),
        _ => return about,
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_sentence() {
        let mut sentences: Vec<_> = EventKind::ALL.iter().map(ToString::to_string).collect();
        sentences.sort_unstable();
        sentences.dedup();
        assert_eq!(sentences.len(), EventKind::ALL.len(), "{sentences:?}");
    }

    #[test]
    fn a_subject_is_shown_as_recorded_unless_it_is_a_word_of_ours() {
        for (kind, about, expected) in [
            (EventKind::SignInRefused, "password", "wrong password"),
            (EventKind::SignedIn, "password, github", "password, github"),
            (EventKind::SessionEnded, "too many", "too many sessions"),
            (EventKind::RoleAssigned, "disabled", "disabled"),
        ] {
            assert_eq!(subject(kind, about.to_owned()), expected);
        }
    }
}
