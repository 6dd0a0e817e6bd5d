//! What the form is parsed to.

use crate::password::NewPassword;
use crate::user::Email;

/// What the domain accepts.
#[derive(Clone, Debug)]
pub struct Registration {
    pub email: Email,
    pub password: NewPassword,
}
