//! `/dashboard/recovery-codes`.

use std::fmt::Write as _;

use leptos::prelude::*;

use super::{ActivateRecoveryCodes, RecoveryCodeOffer, offer_recovery_codes, text};
use crate::form::{provide_submission, submission_of};
use crate::lazy_page;
use crate::session::EndOthersBox;
use crate::ui::{Form, Loaded, PageTitle, Submit};

lazy_page!(
    /// Shows new recovery codes.
    RecoveryCodesPage => recovery_codes_page
);

fn recovery_codes_page() -> impl IntoView {
    provide_submission::<ActivateRecoveryCodes>();
    let offer = Resource::new(|| (), |()| offer_recovery_codes());
    view! {
        <PageTitle text=text::TITLE/>
        <Loaded data=offer view=codes/>
    }
}

fn codes(it: RecoveryCodeOffer) -> impl IntoView {
    let accepting = submission_of::<ActivateRecoveryCodes>();
    let shown: Vec<_> = it.codes.iter().map(|it| it.expose().to_owned()).collect();
    let file = text::file(
        &it.site_name,
        &it.account,
        &shown.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    // A data URL, so that the codes exist nowhere but on this page.
    let download = format!("data:text/plain;charset=utf-8,{}", percent_encoded(&file));
    view! {
        <section class="card">
            <p>{text::LEAD}</p>
            <ol class="codes">
                {shown.into_iter().map(|it| view! { <li><code>{it}</code></li> }).collect_view()}
            </ol>
            <p>
                <a class="button" href=download download="recovery-codes.txt">{text::DOWNLOAD}</a>
            </p>
            <p class="hint">{text::PRINT_HINT}</p>
            <p>{text::activation_effect(it.unused.is_some())}</p>
            <Form submission=accepting>
                <input type="hidden" name="token" value=it.token/>
                <EndOthersBox/>
                <Submit submission=accepting label=text::ACTIVATE busy=text::ACTIVATING/>
            </Form>
            <p class="small-links"><a href="/dashboard/security">{text::NOT_NOW}</a></p>
        </section>
    }
}

/// Percent-encodes all but letters and digits (RFC 3986, section 2.1).
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string never fails.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
