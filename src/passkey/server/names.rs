//! Names of authenticator models.

use webauthn_rs::prelude::Uuid;

use crate::passkey::text::DEFAULT_NAME;

/// A line for each model: its AAGUID and its name.
const MODELS: &str = include_str!("authenticators.txt");

/// Returns the name of the model with this AAGUID.
pub fn of(id: Uuid) -> Option<&'static str> {
    let id = id.to_string();
    MODELS.lines().find_map(|it| it.strip_prefix(&id)?.strip_prefix(' '))
}

/// Returns the name of a passkey whose owner gave none.
pub fn or_default(model: &'static str) -> &'static str {
    if model.is_empty() { DEFAULT_NAME } else { model }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::DisplayName;

    #[test]
    fn every_model_has_a_name_that_a_user_could_type() {
        let models: Vec<_> = MODELS.lines().filter(|it| !it.starts_with('#')).collect();
        assert!(models.len() > 300);
        for line in models {
            let (id, name) = line.split_once(' ').unwrap();
            assert_eq!(of(id.parse().unwrap()), Some(name));
            assert_eq!(name.parse::<DisplayName>().unwrap().as_str(), name);
        }
        assert_eq!(of(Uuid::nil()), None);
        assert_eq!(of("01020304-0506-0708-0102-030405060708".parse().unwrap()), None);
    }
}
