//! Where a value is in a provider's response.

use std::str::FromStr;

use crate::server::json::Json;

/// Alternatives, separated by `|`, of which the first that leads somewhere counts. Parts joined by `+` are put
/// together; of flags, all must be true. A part is `a.b[0].c`: members and items. `[x&y]` is the first item
/// whose members x and y are true, and `[]` is every item, for a list. A name with other characters is quoted:
/// `"https://slack.com/user_id"`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(Vec<Vec<Part>>);

type Part = Vec<Step>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Item(usize),
    /// The first item in which all these members are true.
    ItemWhere(Vec<String>),
    EachItem,
}

impl Step {
    fn follow<'a>(&self, json: Json<'a>) -> Vec<Json<'a>> {
        let is = |item: &Json<'a>, flag: &String| item.member(flag).is_some_and(Json::is_true);
        let one = match self {
            Self::Member(name) => json.member(name),
            Self::Item(index) => json.items().into_iter().nth(*index),
            Self::ItemWhere(flags) => {
                json.items().into_iter().find(|item| flags.iter().all(|it| is(item, it)))
            }
            Self::EachItem => return json.items(),
        };
        one.into_iter().collect()
    }
}

fn follow_all<'a>(part: &Part, json: Json<'a>) -> Vec<Json<'a>> {
    let follow = |all: Vec<Json<'a>>, step: &Step| {
        all.into_iter().flat_map(|json| step.follow(json)).collect()
    };
    part.iter().fold(vec![json], follow)
}

fn follow<'a>(part: &Part, json: Json<'a>) -> Option<Json<'a>> {
    follow_all(part, json).into_iter().next()
}

impl Path {
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub const fn has_alternatives(&self) -> bool {
        self.0.len() > 1
    }

    /// Returns the text there, with the parts that exist joined by spaces.
    #[must_use]
    pub fn text(&self, json: Json<'_>) -> Option<String> {
        self.0.iter().find_map(|parts| {
            let texts: Vec<_> = parts.iter().filter_map(|it| follow(it, json)?.text()).collect();
            Some(texts.join(" ")).filter(|it| !it.trim().is_empty())
        })
    }

    /// Returns the identifier there. All its parts must exist; colons join them.
    #[must_use]
    pub fn id(&self, json: Json<'_>) -> Option<String> {
        self.0.iter().find_map(|parts| {
            let ids: Option<Vec<_>> = parts.iter().map(|it| follow(it, json)?.id()).collect();
            // With a colon in one of several parts, two users could get the same id.
            let is_unique =
                |it: &Vec<String>| it.len() == 1 || it.iter().all(|id| !id.contains(':'));
            ids.filter(is_unique).map(|it| it.join(":")).filter(|it| !it.is_empty())
        })
    }

    /// Returns all texts there: of each item, and of a list at the end.
    #[must_use]
    pub fn texts(&self, json: Json<'_>) -> Vec<String> {
        let texts = |parts: &Vec<Part>| -> Vec<String> {
            let all = parts.iter().flat_map(|part| follow_all(part, json));
            all.flat_map(Json::texts).collect()
        };
        self.0.iter().map(texts).find(|it| !it.is_empty()).unwrap_or_default()
    }

    /// Returns whether all flags of an alternative are true.
    #[must_use]
    pub fn is_true(&self, json: Json<'_>) -> bool {
        let is_true = |part: &Part| follow(part, json).is_some_and(Json::is_true);
        self.0.iter().any(|parts| parts.iter().all(is_true))
    }
}

impl FromStr for Path {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut reader = Reader { rest: text.trim_start() };
        let mut path = Self::default();
        if reader.rest.is_empty() {
            return Ok(path);
        }
        loop {
            let mut parts = vec![reader.part()?];
            while reader.take('+') {
                parts.push(reader.part()?);
            }
            path.0.push(parts);
            match reader.take('|') {
                true => {}
                false if reader.rest.is_empty() => return Ok(path),
                false => return Err(()),
            }
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// Takes a sign and the spaces around it.
    fn take(&mut self, sign: char) -> bool {
        let Some(rest) = self.rest.trim_start().strip_prefix(sign) else { return false };
        self.rest = rest.trim_start();
        true
    }

    fn until(&mut self, is_end: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(is_end).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn name(&mut self) -> Result<String, ()> {
        let name = if self.rest.starts_with('"') {
            self.rest = &self.rest[1..];
            let name = self.until(|it| it == '"');
            self.rest = self.rest.strip_prefix('"').ok_or(())?;
            name
        } else {
            self.until(|it| !(it.is_ascii_alphanumeric() || "_-".contains(it)))
        };
        Some(name.to_owned()).filter(|it| !it.is_empty()).ok_or(())
    }

    fn part(&mut self) -> Result<Part, ()> {
        let mut steps = Vec::new();
        if !self.rest.starts_with('[') {
            steps.push(Step::Member(self.name()?));
        }
        loop {
            if self.rest.starts_with('.') {
                self.rest = &self.rest[1..];
                steps.push(Step::Member(self.name()?));
            } else if self.rest.starts_with('[') {
                self.rest = &self.rest[1..];
                let inner = self.until(|it| it == ']');
                self.rest = self.rest.strip_prefix(']').ok_or(())?;
                steps.push(item(inner)?);
            } else {
                self.rest = self.rest.trim_start();
                return Ok(steps);
            }
        }
    }
}

fn item(inner: &str) -> Result<Step, ()> {
    if inner.is_empty() {
        return Ok(Step::EachItem);
    }
    if let Ok(index) = inner.parse() {
        return Ok(Step::Item(index));
    }
    let flags: Vec<_> = inner.split('&').map(|it| it.trim().to_owned()).collect();
    let is_name =
        |it: &String| !it.is_empty() && it.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if flags.iter().all(is_name) { Ok(Step::ItemWhere(flags)) } else { Err(()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const USER: &str = r#"{
        "id": 90071992547409931, "login": "ada", "name": "", "first": "Ada", "last": "Lovelace",
        "colon": "a:b", "data": {"users": [{"id": "7"}]}, "yes": true, "no": "false", "one": 1,
        "emails": [{"email": "b@c.example", "primary": true, "verified": false},
                   {"email": "a@b.example", "primary": true, "verified": "true"}],
        "https://slack.com/user_id": "U1", "https://slack.com/team_id": "T1"
    }"#;

    fn path(text: &str) -> Path {
        text.parse().unwrap()
    }

    #[test]
    fn a_path_leads_to_a_value() {
        let user = Json::parse(USER).unwrap();
        for (text, expected) in [
            ("id", Some("90071992547409931")),
            ("data.users[0].id", Some("7")),
            ("data.users[1].id | login", Some("ada")),
            ("name | nickname | login", Some("ada")),
            (r#""https://slack.com/team_id" + "https://slack.com/user_id""#, Some("T1:U1")),
            ("login + nickname", None),
            ("login + nickname | last", Some("Lovelace")),
            ("yes", None),
            ("id + colon", None),
            ("colon", Some("a:b")),
            ("login.first", None),
            ("login[0]", None),
            ("", None),
        ] {
            assert_eq!(path(text).id(user).as_deref(), expected, "{text}");
        }
        for (text, expected) in [
            ("first + last", Some("Ada Lovelace")),
            ("first+nickname", Some("Ada")),
            ("nickname + middle | login", Some("ada")),
            ("emails[primary&verified].email", Some("a@b.example")),
            ("emails[primary].email", Some("b@c.example")),
            ("emails[spam].email", None),
        ] {
            assert_eq!(path(text).text(user).as_deref(), expected, "{text}");
        }
        for (text, expected) in [
            ("yes", true),
            ("one", true),
            ("no", false),
            ("yes + one", true),
            ("yes + no", false),
            ("no | yes", true),
            ("nothing", false),
            ("", false),
        ] {
            assert_eq!(path(text).is_true(user), expected, "{text}");
        }
    }

    #[test]
    fn a_path_leads_to_a_list() {
        let user = Json::parse(
            r#"{"groups": ["a", 7, {}, "b"], "orgs": [{"login": "x"}, {}, {"login": "y"}], "hd": "h",
                "roles": {"site": {"names": ["r"]}}, "none": []}"#,
        );
        let user = user.unwrap();
        for (text, expected) in [
            ("groups", vec!["a", "7", "b"]),
            ("groups[]", vec!["a", "7", "b"]),
            ("orgs[].login", vec!["x", "y"]),
            ("hd", vec!["h"]),
            ("none | roles.site.names", vec!["r"]),
            ("hd + orgs[].login", vec!["h", "x", "y"]),
            ("orgs", vec![]),
            ("missing", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(path(text).texts(user), expected, "{text}");
        }
        assert_eq!(path("orgs[].login").text(user).as_deref(), Some("x"));
    }

    #[test]
    fn a_malformed_path_is_refused() {
        for text in [
            "a..b", ".a", "a.", "a[", "a[][", "a[b", "a[b&]", "a[-1]", "a |", "| a", "a +", "a b",
            "\"a", "a$b", "\"\"",
        ] {
            assert!(text.parse::<Path>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_path_and_no_json_panics(text in "[a-b.\\[\\]0-9&|+\" ]{0,20}", json in any::<String>()) {
            if let (Ok(path), Ok(json)) = (text.parse::<Path>(), Json::parse(&json)) {
                let _ = (path.id(json), path.text(json), path.texts(json), path.is_true(json));
            }
        }
    }
}
