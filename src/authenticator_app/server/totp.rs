//! Codes that depend on time (RFC 6238): six digits, 30 seconds, HMAC-SHA-1, as all apps support.

use totp_rs::Builder;

use crate::authenticator_app::AuthenticatorCode;

/// Bytes of a key (RFC 4226, section 4, R6: 160 bits are recommended).
pub const KEY_LENGTH: usize = 20;

/// Returns the time step whose code this is, if it is at most `drift` steps away from now. Comparing takes the
/// same time for every code.
pub fn matching_step(key: &[u8], code: &AuthenticatorCode, now: i64, drift: u16) -> Option<i64> {
    let totp = Builder::new().with_secret(key).with_skew(drift).build().ok()?;
    let step = totp.check(code.secret().expose(), u64::try_from(now).ok()?)?;
    i64::try_from(step).ok()
}

/// Returns the `otpauth://` URI from which an app reads a key. A colon would separate issuer and account; a user
/// without an email address has the site's name for an account.
pub fn uri(key: &[u8], site_name: &str, account: &str) -> Option<String> {
    let issuer = site_name.replace(':', " ");
    let account = if account.is_empty() { issuer.clone() } else { account.replace(':', " ") };
    let totp = Builder::new().with_secret(key).with_issuer(Some(issuer)).with_account_name(account);
    totp.build().ok()?.to_url().ok()
}

/// Returns a key in base32, in groups of four.
pub fn grouped(key: &[u8]) -> String {
    let text = totp_rs::Secret::from(key.to_vec()).to_base32();
    let groups: Vec<_> = text.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
    groups.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> AuthenticatorCode {
        text.parse().unwrap()
    }

    /// The SHA-1 rows of RFC 6238, appendix B, cut to six digits.
    #[test]
    fn codes_are_those_of_rfc_6238() {
        let key = b"12345678901234567890";
        for (now, digits) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(matching_step(key, &code(digits), now, 0), Some(now / 30));
        }
    }

    #[test]
    fn v5_0_0__6_5_5__a_code_is_accepted_in_its_own_step_and_within_the_drift() {
        let key = b"12345678901234567890";
        // The code of the step from 30 to 59.
        for (now, drift, step) in [
            (29, 0, None),
            (30, 0, Some(1)),
            (59, 0, Some(1)),
            (60, 0, None),
            (0, 1, Some(1)),
            (89, 1, Some(1)),
            (90, 1, None),
        ] {
            assert_eq!(matching_step(key, &code("287082"), now, drift), step, "{now} {drift}");
        }
        assert_eq!(matching_step(key, &code("287083"), 59, 1), None);
    }

    #[test]
    fn an_app_reads_the_key_from_the_uri() {
        let key = b"12345678901234567890";
        let uri = uri(key, "Our: site", "ada:l@example.com").unwrap();
        let read = totp_rs::Totp::from_url(&uri).unwrap();
        assert_eq!(read.generate(59).to_string(), "287082");
        assert!(uri.starts_with("otpauth://totp/"), "{uri}");
        assert!(uri.contains("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{uri}");
        assert_eq!(grouped(key), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert!(self::uri(key, "Portcullis", "").is_some());
    }
}
