//! Times as text.

/// Formats a time in UTC as RFC 3339, section 5.6. Counts days like Howard Hinnant's `civil_from_days`: a
/// time zone library would be the largest part of the browser's code.
#[must_use]
pub fn rfc3339(at: i64) -> String {
    let (days, second) = (at.div_euclid(86400), at.rem_euclid(86400));
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Formats a time as mails show it: `2026-11-24 16:09 UTC`.
#[must_use]
pub fn utc(at: i64) -> String {
    let exact = rfc3339(at);
    // The text has a fixed width, except in years that no clock shows.
    let minute = exact.get(..exact.len() - 4).unwrap_or(&exact);
    format!("{} UTC", minute.replace('T', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_formatted_as_rfc_3339() {
        for (at, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_000_000, "2026-11-18T11:06:40Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(at), expected);
        }
    }
}
