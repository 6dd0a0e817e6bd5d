//! The example settings file.

use std::fmt::Write as _;

use super::settings::{self, PROVIDER_SETTINGS};

/// Returns a `portcullis.toml` with every setting at its default, each with a line about it.
#[must_use]
pub fn example() -> String {
    let mut text = String::from(
        "# Every setting with its default. Environment variables override this file: site.url is\n\
         # PORTCULLIS_SITE__URL. A secret can also be read from a file:\n\
         # PORTCULLIS_DATABASE__URL_FILE=/run/secrets/database-url\n",
    );
    let mut section = None;
    for row in settings::all() {
        let (head, key) = row.key.split_once('.').unwrap_or(("", row.key));
        if section != Some(head) {
            section = Some(head);
            text.push('\n');
            if !head.is_empty() {
                let _ = writeln!(text, "[{head}]");
            }
        }
        let quote = if row.is_number() { "" } else { "\"" };
        let _ = write!(text, "# {}\n# {key} = {quote}{}{quote}\n", row.about, row.default);
    }
    text.push_str(
        "\n# One section for each provider. `portcullis provider presets` lists those that need only\n\
         # client_id and client_secret. Register this redirect URL at the provider: SITE_URL/social/NAME/callback\n\
         # [social.github]\n",
    );
    for row in PROVIDER_SETTINGS {
        let _ = writeln!(text, "# {} = \"\"  # {}", row.key, row.about);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::RawConfig;
    use super::*;

    #[test]
    fn the_example_names_every_setting_and_is_valid_once_uncommented() {
        let mut text = String::from("\n");
        for line in example().lines() {
            let line = line.strip_prefix("# ").unwrap_or(line);
            let key = line.split(" = ").next().unwrap_or_default();
            let is_setting = line.contains(" = ") && !key.contains(' ');
            if is_setting || line.starts_with('[') {
                text.push_str(line);
                text.push('\n');
            }
        }
        for row in settings::all().chain(PROVIDER_SETTINGS) {
            let key = row.key.rsplit('.').next().unwrap_or_default();
            assert!(text.contains(&format!("\n{key} = ")), "{key}");
        }
        let mut raw = RawConfig::default();
        raw.add_file("example", &text).unwrap();
        assert_eq!(raw.text("site.url"), "http://localhost:3000");
    }
}
