//! Composes mails: two headers that we write, and two parts with the same content.

use std::str::FromStr as _;
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use serde::{Deserialize, Serialize};

use crate::server::Error;
use crate::user::Email;

/// A subject: one line, because a line break in a header would start another header. There is no other way to
/// create one, not even from the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Subject(#[serde(deserialize_with = "one_line")] String);

impl Subject {
    /// Creates a subject. Line breaks and other control characters become spaces.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let plain = text.trim().chars().map(|it| if it.is_control() { ' ' } else { it });
        Self(plain.collect())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn one_line<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer).map(|it| Subject::new(&it).0)
}

/// A rendered mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub subject: Subject,
    pub text: String,
    pub html: String,
}

/// Tells other programs not to reply (RFC 3834, section 5).
#[derive(Clone, Debug)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Message {
    /// Composes the mail for the wire (RFC 5322). `id` is the row's id in the outbox: it identifies the
    /// second copy of a mail that was sent twice because the server's reply was lost.
    pub fn compose(
        &self,
        from: &Mailbox,
        to: &str,
        id: &str,
        written_at: i64,
    ) -> Result<lettre::Message, Error> {
        // Parse it again by our own rules, which are stricter than any server's, and require the exact text.
        let to = Email::from_str(to).ok().filter(|it| it.as_str() == to);
        let to = to.ok_or_else(|| Error::Mail("the recipient is not an email address".into()))?;
        let seconds = u64::try_from(written_at).unwrap_or_default();
        let message = lettre::Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, to.as_str().parse()?))
            .subject(self.subject.as_str())
            .message_id(Some(format!("<{id}@{}>", from.email.domain())))
            .date(UNIX_EPOCH + Duration::from_secs(seconds))
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(self.text.clone(), self.html.clone()));
        Ok(message?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(subject: &str, text: &str) -> Message {
        Message {
            subject: Subject::new(subject),
            text: text.to_owned(),
            html: format!("<p>{text}</p>"),
        }
    }

    /// Returns the names of the headers of a composed mail, without those of its parts.
    fn headers(composed: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(composed).into_owned();
        let head = text.split("\r\n\r\n").next().unwrap_or_default().to_owned();
        head.split("\r\n")
            .filter(|line| !line.starts_with([' ', '\t']))
            .map(|line| line.split(':').next().unwrap_or_default().to_owned())
            .collect()
    }

    proptest! {
        #[test]
        fn v5_0_0__1_3_11__no_text_injects_a_header(
            subject in "\\PC{0,60}|([a-z]{0,9}\r?\n?(Bcc: eve@example.com|\r\n\r\n)?){0,4}",
            text in "\\PC{0,60}|([a-z]{0,9}\r\n(Bcc: eve@example.com)?){0,4}",
        ) {
            let from: Mailbox = "Gate <gate@example.com>".parse().unwrap();
            let composed =
                message(&subject, &text).compose(&from, "ada@example.com", "1", 0).unwrap();
            let mut names = headers(&composed.formatted());
            names.sort();
            prop_assert_eq!(
                names,
                ["Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID",
                    "Subject", "To"]
            );
            prop_assert_eq!(composed.envelope().to().len(), 1);
        }

        #[test]
        fn v5_0_0__1_3_11__an_invalid_recipient_is_refused(to in "[a-z]{1,5}@[a-z]{1,5}\\.com(\r\nBcc: x@y\\.com|,x@y\\.com| x@y\\.com|\0|>)") {
            let from: Mailbox = "Gate <gate@example.com>".parse().unwrap();
            prop_assert!(message("x", "y").compose(&from, &to, "1", 0).is_err());
        }

        #[test]
        fn a_subject_read_from_the_outbox_is_one_line(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            let subject: Subject = serde_json::from_str(&json).unwrap();
            prop_assert!(!subject.as_str().contains(char::is_control));
            prop_assert_eq!(&Subject::new(&text), &subject);
        }
    }
}
