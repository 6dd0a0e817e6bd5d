//! The fields of a form, and sending them.

use leptos::server_fn::ContentType as _;
use leptos::server_fn::client::Client;
use leptos::server_fn::codec::{FromRes, Json, PostUrl};
use leptos::server_fn::error::FromServerFnError as _;
use leptos::server_fn::request::ClientReq as _;
use leptos::server_fn::response::ClientRes as _;
use leptos::web_sys::{FormData, UrlSearchParams};

use super::Done;
use crate::error::AppError;
use crate::secret::Secret;

/// The fields of a form as browsers send them: URL-encoded. Only a browser has any.
#[derive(Clone, Debug, Default)]
pub struct Fields(Secret);

impl Fields {
    /// Encodes the fields as the browser does without scripts.
    #[must_use]
    pub fn of(form: &FormData) -> Self {
        // Never fails for a form.
        let encoded = UrlSearchParams::new_with_str_sequence_sequence(form)
            .map(|it| String::from(it.to_string()))
            .unwrap_or_default();
        Self(encoded.into())
    }

    /// Returns a field's text; empty if the form has no such field.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        UrlSearchParams::new_with_str(self.0.expose())
            .ok()
            .and_then(|it| it.get(name))
            .unwrap_or_default()
    }

    /// Returns the fields with one more; it replaces a field of the same name.
    #[must_use]
    pub fn with(self, name: &str, value: &str) -> Self {
        let Ok(fields) = UrlSearchParams::new_with_str(self.0.expose()) else { return self };
        fields.set(name, value);
        Self(String::from(fields.to_string()).into())
    }

    /// Posts the fields to a server function and returns its response. Generated code would read the fields
    /// into the function's arguments and write them again, once for each function.
    pub(super) async fn send<C: Client<AppError>>(self, path: &str) -> Result<Done, AppError> {
        let body = self.0.expose().to_owned();
        let request =
            C::Request::try_new_post(path, PostUrl::CONTENT_TYPE, Json::CONTENT_TYPE, body)?;
        let response = C::send(request).await?;
        if (400..=599).contains(&response.status()) {
            return Err(AppError::de(response.try_into_bytes().await?));
        }
        <Done as FromRes<Json, _, AppError>>::from_res(response).await
    }
}
