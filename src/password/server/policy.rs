//! Checks of a new password that only the server can make: whether attackers know it, or
//! acquaintances of its owner could guess it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::context::is_made_of;
use super::{NewPassword, PasswordHash, PasswordProblem};
use crate::error::{AppError, Problems};
use crate::password::Strength;
use crate::secret::Secret;
use crate::server::config::PasswordConfig;
use crate::server::{App, Error};
use crate::text::nfc;

/// A new password that may be stored, and its strength if that could be measured in time.
#[derive(Debug)]
pub struct Accepted {
    pub hash: PasswordHash,
    pub strength: Option<Strength>,
}

/// Measures passwords beside the requests: at most as many at once as there are hashers, each waiting no
/// longer than a hash may. It only gives advice, so a password that gets no slot is not measured.
#[derive(Clone, Debug)]
pub struct Meter {
    slots: Arc<Semaphore>,
    max_wait: Duration,
}

impl Meter {
    #[must_use]
    pub fn new(config: &PasswordConfig) -> Self {
        let slots = Arc::new(Semaphore::new(config.hashers.get()));
        Self { slots, max_wait: config.max_wait }
    }

    async fn measure(&self, password: &Secret, words: &[&str]) -> Option<Strength> {
        let slot = Arc::clone(&self.slots).acquire_owned();
        let slot = tokio::time::timeout(self.max_wait, slot).await.ok()?.ok()?;
        let password = password.clone();
        let words: Vec<String> = words.iter().map(|&it| it.to_owned()).collect();
        let measured = tokio::task::spawn_blocking(move || {
            // Hold the slot until the measurement ends, even if the requester is gone.
            let _slot = slot;
            let words: Vec<_> = words.iter().map(String::as_str).collect();
            Strength::of(password.expose(), &words)
        });
        measured.await.inspect_err(|error| tracing::error!(%error, "strength not estimated")).ok()
    }
}

/// Hashes a new password. Refused at its field if attackers know it or if it is made of the
/// context: words about its owner and the site.
pub async fn hash_new(
    app: &App,
    new: &NewPassword,
    context: &[&str],
    at: fn(PasswordProblem) -> Problems,
) -> Result<Accepted, Error> {
    let mut words = vec![app.config.site.name.as_str()];
    words.extend(app.config.site.url.host_str());
    words.extend(app.config.rejected_passwords.context_words.iter().map(String::as_str));
    words.extend(context);
    let words: Vec<_> = words.into_iter().map(nfc).collect();
    let words: Vec<_> = words.iter().map(|it| &**it).collect();
    let problem = if is_made_of(new.secret().expose(), &words) {
        Some(PasswordProblem::Personal)
    } else if app.breached.knows(new.secret()).await? {
        Some(PasswordProblem::Breached)
    } else {
        None
    };
    match problem {
        Some(problem) => Err(AppError::Invalid(at(problem)).into()),
        // In this order, so that only passwords admitted by the hasher are measured.
        None => Ok(Accepted {
            hash: app.hasher.hash(new.secret()).await?,
            strength: app.meter.measure(new.secret(), &words).await,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn v5_0_0__15_2_2__a_password_is_not_measured_without_a_free_slot() {
        let meter =
            Meter { slots: Arc::new(Semaphore::new(1)), max_wait: Duration::from_millis(20) };
        let password = Secret::from("correct horse battery staple".to_owned());
        let taken = Arc::clone(&meter.slots).acquire_owned().await.unwrap();
        assert_eq!(meter.measure(&password, &[]).await, None);
        drop(taken);
        assert_eq!(meter.measure(&password, &[]).await, Some(Strength::Strong));
        // A dropped request leaves its slot to the running measurement, which then returns it.
        drop(tokio::time::timeout(Duration::ZERO, meter.measure(&password, &[])).await);
        assert_eq!(meter.measure(&password, &[]).await, Some(Strength::Strong));
    }
}
