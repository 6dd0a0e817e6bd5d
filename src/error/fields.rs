//! Problems of form fields.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::AppError;
use crate::authenticator_app::AuthenticatorCodeProblem;
use crate::mailed_sign_in::CodeProblem;
use crate::password::PasswordProblem;
use crate::recovery_code::RecoveryCodeProblem;
use crate::role::RoleProblem;
use crate::user::{DisableProblem, DisplayNameProblem, EmailProblem};

/// The problems of one form, by field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Problems {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailProblem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordProblem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_password: Option<PasswordProblem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_password: Option<PasswordProblem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<DisplayNameProblem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeProblem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_code: Option<AuthenticatorCodeProblem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_name: Option<DisplayNameProblem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passkey_name: Option<DisplayNameProblem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_code: Option<RecoveryCodeProblem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleProblem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable: Option<DisableProblem>,
}

impl Problems {
    /// Returns `Ok` if there is no problem.
    pub fn into_result(self) -> Result<(), AppError> {
        if self == Self::default() { Ok(()) } else { Err(AppError::Invalid(self)) }
    }

    /// Returns the sentence to show at this field.
    #[must_use]
    pub fn at(&self, field: &str) -> Option<String> {
        match field {
            "email" => self.email.map(|it| it.to_string()),
            "password" => self.password.map(|it| it.to_string()),
            "current_password" => self.current_password.map(|it| it.to_string()),
            "new_password" => self.new_password.map(|it| it.to_string()),
            "display_name" => self.display_name.map(|it| it.to_string()),
            "code" => self.code.map(|it| it.to_string()),
            "app_code" => self.app_code.map(|it| it.to_string()),
            "app_name" => self.app_name.map(|it| it.to_string()),
            "passkey_name" => self.passkey_name.map(|it| it.to_string()),
            "recovery_code" => self.recovery_code.map(|it| it.to_string()),
            "name" | "about" | "permissions" => {
                self.role.filter(|it| it.field() == field).map(|it| it.to_string())
            }
            "reason" | "until" => {
                self.disable.filter(|it| it.field() == field).map(|it| it.to_string())
            }
            _ => None,
        }
    }
}

impl fmt::Display for Problems {
    /// Writes the sentences of all fields.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const FIELDS: [&str; 15] = [
            "email",
            "password",
            "current_password",
            "new_password",
            "display_name",
            "code",
            "app_code",
            "app_name",
            "passkey_name",
            "recovery_code",
            "name",
            "about",
            "permissions",
            "reason",
            "until",
        ];
        let sentences: Vec<_> = FIELDS.iter().filter_map(|it| self.at(it)).collect();
        f.write_str(&sentences.join(" "))
    }
}
