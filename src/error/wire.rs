//! The wire format of an error: `"forbidden"`, or `{"busy": {"retry_after": 5}}` if it carries data.

use std::fmt;

use serde::de::{self, EnumAccess, VariantAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::AppError;

/// The data of `disabled`.
#[derive(Serialize, Deserialize)]
struct DisabledData {
    until: Option<i64>,
}

/// The data of `busy` and `too_many_attempts`.
#[derive(Serialize, Deserialize)]
struct RetryData {
    retry_after: u32,
}

const NAME: &str = "AppError";

impl Serialize for AppError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let word = self.word();
        match *self {
            Self::Invalid(it) => serializer.serialize_newtype_variant(NAME, 0, word, &it),
            Self::Social(it) => serializer.serialize_newtype_variant(NAME, 0, word, &it),
            Self::Disabled { until } => {
                serializer.serialize_newtype_variant(NAME, 0, word, &DisabledData { until })
            }
            Self::TooManyAttempts { retry_after } | Self::Busy { retry_after } => {
                serializer.serialize_newtype_variant(NAME, 0, word, &RetryData { retry_after })
            }
            _ => serializer.serialize_unit_variant(NAME, 0, word),
        }
    }
}

impl<'de> Deserialize<'de> for AppError {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum(NAME, &[], ErrorVisitor)
    }
}

/// Reads an error. Derived code would need one reader per group: 2.9 KB more for the browser to load.
struct ErrorVisitor;

impl<'de> Visitor<'de> for ErrorVisitor {
    type Value = AppError;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a problem")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<AppError, A::Error> {
        let (word, more) = data.variant::<String>()?;
        Ok(match word.as_str() {
            "invalid" => AppError::Invalid(more.newtype_variant()?),
            "social" => AppError::Social(more.newtype_variant()?),
            "disabled" => {
                let DisabledData { until } = more.newtype_variant()?;
                AppError::Disabled { until }
            }
            "too_many_attempts" => {
                let RetryData { retry_after } = more.newtype_variant()?;
                AppError::TooManyAttempts { retry_after }
            }
            "busy" => {
                let RetryData { retry_after } = more.newtype_variant()?;
                AppError::Busy { retry_after }
            }
            word => {
                more.unit_variant()?;
                AppError::from_word(word)
                    .ok_or_else(|| de::Error::invalid_value(de::Unexpected::Str(word), &self))?
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::error::{AccessProblem, Problems, RequestProblem, ServerProblem};
    use crate::problem::Problem;
    use crate::role::AdminProblem;
    use crate::sign_in::SignInProblem;
    use crate::sign_up::SignUpProblem;
    use crate::ticket::TicketProblem;

    fn words_of<P: Problem>() -> Vec<&'static str> {
        P::ALL.iter().map(|it| it.word()).collect()
    }

    fn words() -> Vec<&'static str> {
        [
            words_of::<AccessProblem>(),
            words_of::<SignInProblem>(),
            words_of::<SignUpProblem>(),
            words_of::<TicketProblem>(),
            words_of::<AdminProblem>(),
            words_of::<RequestProblem>(),
            words_of::<ServerProblem>(),
        ]
        .concat()
    }

    #[test]
    fn each_problem_word_is_unique_and_round_trips() {
        let words = words();
        assert!(words.len() >= 30, "{words:?}");
        assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len(), "{words:?}");
        for word in words {
            let json = format!("{word:?}");
            let error: AppError = serde_json::from_str(&json).unwrap();
            assert_eq!(error.word(), word);
            assert_eq!(serde_json::to_string(&error).unwrap(), json);
        }
    }

    #[test]
    fn error_data_round_trips_through_json() {
        for (error, json) in [
            (AppError::Disabled { until: None }, r#"{"disabled":{"until":null}}"#),
            (AppError::Disabled { until: Some(7) }, r#"{"disabled":{"until":7}}"#),
            (AppError::Busy { retry_after: 5 }, r#"{"busy":{"retry_after":5}}"#),
            (
                AppError::TooManyAttempts { retry_after: 9 },
                r#"{"too_many_attempts":{"retry_after":9}}"#,
            ),
            (AppError::Invalid(Problems::default()), r#"{"invalid":{}}"#),
        ] {
            assert_eq!(serde_json::to_string(&error).unwrap(), json);
            assert_eq!(serde_json::from_str::<AppError>(json).unwrap(), error);
        }
    }

    #[test]
    fn unknown_words_and_malformed_data_are_rejected() {
        for json in [
            r#""<b>free text</b>""#,
            r#""busy""#,
            r#"{"forbidden":{"until":7}}"#,
            r#"{"busy":{"retry_after":-1}}"#,
            r#"{"busy":{}}"#,
            "null",
            "7",
            "[]",
        ] {
            assert!(serde_json::from_str::<AppError>(json).is_err(), "{json}");
        }
    }
}
