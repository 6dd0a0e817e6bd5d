//! "Confirm it is you": before a risky act whoever is signed in proves it again, if that is longer
//! ago than ten minutes.

mod page;
#[cfg(feature = "ssr")]
pub mod server;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{AppError, Problems};
use crate::form::Done;
use crate::password::check_attempt;
use crate::secret::Secret;

pub use page::ReauthenticationPage;

/// What the form sends.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReauthenticationForm {
    pub current_password: Secret,
    pub next: String,
}

impl ReauthenticationForm {
    /// Runs in the browser before sending, and on the server before anything else.
    pub fn parse(&self) -> Result<(), AppError> {
        check_attempt(&self.current_password).map_err(|problem| {
            AppError::Invalid(Problems { current_password: Some(problem), ..Problems::default() })
        })
    }
}

/// Proves by the password who is signed in, and goes back to the page of the act.
#[server(prefix = "/api", endpoint = "reauthentication/password")]
pub async fn reauthenticate(
    #[server(flatten)] form: ReauthenticationForm,
) -> Result<Done, AppError> {
    use crate::sign_in::server::{Attempt, Intent, advance};
    form.parse()?;
    let cx = crate::server::Context::of::<Reauthenticate>().await?;
    let user = cx.user().await?;
    let proof = server::by_password(&cx, &user, &form.current_password).await?;
    let attempt = Attempt::of(Intent::reauthenticate(&form.next), &user);
    Ok(advance(&cx, attempt, proof).await?)
}

/// What the viewer can prove it by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofView {
    pub email: Option<String>,
    pub has_password: bool,
    /// The configured providers that an account is linked of, by name.
    pub providers: Vec<String>,
}

/// What the viewer can prove it by.
#[server(prefix = "/api", endpoint = "reauthentication")]
pub async fn load_proofs() -> Result<ProofView, AppError> {
    let cx = crate::server::Context::of::<LoadProofs>().await?;
    let user = cx.user().await?;
    Ok(server::proofs(&cx.app, &user).await?)
}
