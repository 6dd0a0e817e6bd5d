//! Reads the common names of browsers and systems from a `User-Agent`.

use crate::device::Device;

/// A browser may also claim to be those in later rows, so the first match is the right one.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];

const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// Returns the browser and the system that a `User-Agent` names.
#[must_use]
pub fn describe(user_agent: &str) -> Device {
    let find = |names: &[(&str, &str)]| {
        names.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| (*name).to_owned())
    };
    Device { browser: find(BROWSERS), system: find(SYSTEMS) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn browsers_are_identified_despite_compatibility_tokens() {
        for (user_agent, expected) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0",
                ("Edge", "Windows"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                ("Safari", "iPhone"),
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
                ("Firefox", "Linux"),
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Ubuntu Chromium/130.0.0.0 Chrome/130.0.0.0 Safari/537.36",
                ("Chromium", "Linux"),
            ),
            ("", ("Unknown browser", "Unknown system")),
        ] {
            let device = describe(user_agent);
            assert_eq!((device.browser(), device.system()), expected);
        }
    }

    proptest! {
        #[test]
        fn browser_and_system_are_found_anywhere_in_the_user_agent(
            (mark, name) in prop::sample::select(BROWSERS),
            (sign, system) in prop::sample::select(SYSTEMS),
            text in prop::collection::vec("[a-z ;()]{0,20}", 3),
        ) {
            let user_agent = format!("{}{sign}{}{mark}{}", text[0], text[1], text[2]);
            let found = describe(&user_agent);
            prop_assert_eq!((found.browser(), found.system()), (name, system));
        }

        #[test]
        fn a_user_agent_without_known_tokens_is_unknown(text in any::<String>()) {
            let found = describe(&text);
            let has = |rows: &[(&str, &str)]| rows.iter().any(|(mark, _)| text.contains(mark));
            prop_assert_eq!(found.browser.is_none(), !has(BROWSERS));
            prop_assert_eq!(found.system.is_none(), !has(SYSTEMS));
        }
    }
}
