//! What only the server can say of a new password: whether attackers know it, or its owner's
//! acquaintances could.

use super::context::is_made_of;
use super::{NewPassword, PasswordHash, PasswordProblem};
use crate::error::{AppError, Problems};
use crate::password::strength::Strength;
use crate::secret::Secret;
use crate::server::{App, Error};

/// A new password that may be stored, and how it would stand against guessing.
#[derive(Debug)]
pub struct Accepted {
    pub hash: PasswordHash,
    pub strength: Strength,
}

/// Hashes a new password; refused at its field where it is known or made of the context: the words
/// of its owner and of the site.
pub async fn hash_new(
    app: &App,
    new: &NewPassword,
    context: &[&str],
    at: fn(PasswordProblem) -> Problems,
) -> Result<Accepted, Error> {
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
        // In this order: of many at once only those are measured whom the hasher let through.
        None => Ok(Accepted {
            hash: app.hasher.hash(new.secret()).await?,
            strength: measure(new.secret().clone(), &words).await?,
        }),
    }
}

/// Beside the requests: for some texts it takes longer than an answer may keep others waiting.
async fn measure(password: Secret, words: &[&str]) -> Result<Strength, Error> {
    let words: Vec<String> = words.iter().map(|&it| it.to_owned()).collect();
    let measured = tokio::task::spawn_blocking(move || {
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        Strength::of(password.expose(), &words)
    });
    measured.await.map_err(Error::Strength)
}
