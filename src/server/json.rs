//! Reads single values out of foreign JSON: what nobody looks at may have any type, and numbers keep every
//! digit.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::text::without_bom;

/// A JSON value as text that is known to be valid.
#[derive(Clone, Copy, Debug)]
pub struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// Requires one whole JSON value; its parts are not read yet.
    pub fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str::<&RawValue>(without_bom(text)).map(|it| Self(it.get()))
    }

    /// Returns a member of an object; the last one of this name, as RFC 7519, section 4, allows. `null` counts
    /// as missing.
    #[must_use]
    pub fn member(self, name: &str) -> Option<Self> {
        let all: HashMap<Cow<'a, str>, &'a RawValue> = serde_json::from_str(self.0).ok()?;
        all.get(name).map(|it| Self(it.get())).filter(|it| it.0 != "null")
    }

    /// Returns whether an object has a member of this name, whatever its value.
    #[must_use]
    pub fn has(self, name: &str) -> bool {
        let all: HashMap<Cow<'a, str>, &'a RawValue> =
            serde_json::from_str(self.0).unwrap_or_default();
        all.contains_key(name)
    }

    /// Returns the items of an array; empty for anything else.
    #[must_use]
    pub fn items(self) -> Vec<Self> {
        let all: Vec<&'a RawValue> = serde_json::from_str(self.0).unwrap_or_default();
        all.into_iter().map(|it| Self(it.get())).collect()
    }

    #[must_use]
    pub fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    /// Returns a string that is not empty.
    #[must_use]
    pub fn text(self) -> Option<String> {
        serde_json::from_str(self.0).ok().filter(|it: &String| !it.is_empty())
    }

    /// Returns an identifier: a string, or a whole number with all its digits. Read as floats, the ids of two
    /// users could become equal.
    #[must_use]
    pub fn id(self) -> Option<String> {
        let is_whole = self.0.bytes().all(|it| it.is_ascii_digit());
        if is_whole { Some(self.0.to_owned()) } else { self.text() }
    }

    /// Returns a number of seconds, also if it is written as text. Fractions are cut.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
    pub fn seconds(self) -> Option<i64> {
        let text = self.text().unwrap_or_else(|| self.0.to_owned());
        let is_number = text.starts_with(|it: char| it == '-' || it.is_ascii_digit());
        let number: Option<f64> = text.parse().ok().filter(|it: &f64| is_number && it.is_finite());
        number.map(|it| it.floor() as i64)
    }

    /// Returns whether this is `true`, or what some providers write for it.
    #[must_use]
    pub fn is_true(self) -> bool {
        matches!(self.0, "true" | "1" | "\"true\"" | "\"1\"")
    }

    /// Returns the texts of an array, or of a single text in its place. Numbers count as texts.
    #[must_use]
    pub fn texts(self) -> Vec<String> {
        match self.id() {
            Some(one) => vec![one],
            None => self.items().into_iter().filter_map(Self::id).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(json: &str) -> Option<String> {
        Json::parse(json).unwrap().id()
    }

    #[test]
    fn a_numeric_id_keeps_every_digit() {
        for (json, expected) in [
            ("4711", Some("4711")),
            ("9007199254740993", Some("9007199254740993")),
            ("18446744073709551617", Some("18446744073709551617")),
            ("123456789012345678901234567890", Some("123456789012345678901234567890")),
            (r#""4711""#, Some("4711")),
            (r#""a\u0062""#, Some("ab")),
            ("-1", None),
            ("4711.0", None),
            ("1e3", None),
            (r#""""#, None),
            ("null", None),
            ("[1]", None),
            ("{}", None),
            ("true", None),
        ] {
            assert_eq!(id(json).as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn seconds_may_be_text_or_have_a_fraction() {
        for (json, expected) in [
            ("1700000000", Some(1_700_000_000)),
            ("1700000000.9", Some(1_700_000_000)),
            (r#""1700000000""#, Some(1_700_000_000)),
            ("1e300", Some(i64::MAX)),
            ("-5", Some(-5)),
            (r#""soon""#, None),
            (r#""inf""#, None),
            ("null", None),
            ("true", None),
            ("[1]", None),
        ] {
            assert_eq!(Json::parse(json).unwrap().seconds(), expected, "{json}");
        }
    }

    #[test]
    fn only_what_is_looked_at_must_have_its_type() {
        let json = Json::parse(
            "\u{feff}{\"a\": [{}, {\"b\": \"x\"}], \"a\": [1, \"2\"], \"c\": {\"d\": null}} ",
        )
        .unwrap();
        assert_eq!(json.member("a").unwrap().texts(), ["1", "2"]);
        assert!(json.member("c").unwrap().member("d").is_none(), "null");
        assert!(json.member("b").is_none() && json.items().is_empty());
        assert!(Json::parse("{} {}").is_err() && Json::parse("").is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            if let Ok(json) = Json::parse(&text) {
                let _ = (json.id(), json.seconds(), json.texts(), json.member("a").is_some());
            }
        }
    }
}
