//! What only the server can say of a new password: whether attackers know it, or its owner's
//! acquaintances could.

use super::context::is_made_of;
use super::{NewPassword, PasswordHash, PasswordProblem};
use crate::error::{AppError, Problems};
use crate::server::{App, Error};

/// Hashes a new password; refused at its field where it is known or made of the context: the words
/// of its owner and of the site.
pub async fn hash_new(
    app: &App,
    new: &NewPassword,
    context: &[&str],
    at: fn(PasswordProblem) -> Problems,
) -> Result<PasswordHash, Error> {
    let mut words = vec![app.config.site.name.as_str()];
    words.extend(app.config.site.url.host_str());
    words.extend(context);
    let problem = if is_made_of(new.secret().expose(), &words) {
        Some(PasswordProblem::Personal)
    } else if app.breached.knows(new.secret()).await? {
        Some(PasswordProblem::Breached)
    } else {
        None
    };
    match problem {
        Some(problem) => Err(AppError::Invalid(at(problem)).into()),
        None => app.hasher.hash(new.secret()).await,
    }
}
