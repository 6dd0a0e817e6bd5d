//! The browser's half of ceremonies, in a file that it loads when it first needs one.
//!
//! A document has at most one request for a passkey: a new one ends the one before (WebAuthn, section 5.6).

use std::cell::{Cell, RefCell};

use leptos::prelude::{document, window, window_event_listener_untyped};
use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsCast as _;
use leptos::web_sys::HtmlFormElement;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::{
    PasskeyChallenge, PasskeyProblem, PasskeyRequest, PasskeySignal, add_automatic_passkey,
    begin_automatic_passkey, begin_passkey_sign_in, load_passkey_signal,
};
use crate::error::AppError;
use crate::form::Fields;
use crate::lazy_fn;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Reflect, js_name = set)]
    fn put(target: &JsValue, name: &str, value: &JsValue) -> bool;

    #[wasm_bindgen(catch, js_namespace = Reflect)]
    fn construct(class: &JsValue, arguments: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_namespace = Date)]
    fn now() -> f64;

    #[wasm_bindgen(catch, js_namespace = Reflect, js_name = get)]
    fn property(target: &JsValue, name: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_namespace = JSON, js_name = parse)]
    fn parse_json(text: &str) -> Result<JsValue, JsValue>;

    // Calls `toJSON` of a credential.
    #[wasm_bindgen(catch, js_namespace = JSON, js_name = stringify)]
    fn to_json(value: &JsValue) -> Result<String, JsValue>;

    #[wasm_bindgen(catch, js_namespace = Reflect, js_name = apply)]
    fn apply(function: &JsValue, this: &JsValue, arguments: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_namespace = Reflect, js_name = apply)]
    async fn apply_async(
        function: &JsValue,
        this: &JsValue,
        arguments: &JsValue,
    ) -> Result<JsValue, JsValue>;
}

fn no_arguments() -> JsValue {
    Vec::<JsValue>::new().into()
}

/// Returns an empty dictionary.
fn dictionary() -> JsValue {
    parse_json("{}").unwrap_or_default()
}

/// Calls a static method of `PublicKeyCredential` (WebAuthn, section 5.1). Its name is looked up, because an import
/// for each would be in the file that every page loads.
fn call(method: &str, argument: &JsValue) -> Result<JsValue, JsValue> {
    let this = property(&window().into(), "PublicKeyCredential")?;
    apply(&property(&this, method)?, &this, &vec![argument.clone()].into())
}

/// Calls one that returns a promise.
async fn call_async(method: &str, argument: &JsValue) -> Result<JsValue, JsValue> {
    let this = property(&window().into(), "PublicKeyCredential")?;
    apply_async(&property(&this, method)?, &this, &vec![argument.clone()].into()).await
}

/// Calls `create` or `get` of `navigator.credentials` (Credential Management level 1, section 2.3).
async fn call_credentials(method: &str, options: &JsValue) -> Result<JsValue, JsValue> {
    let this = property(&property(&window().into(), "navigator")?, "credentials")?;
    apply_async(&property(&this, method)?, &this, &vec![options.clone()].into()).await
}

/// The id of the form that signs in with a passkey.
pub const SIGN_IN_FORM: &str = "passkey-sign-in";

/// The age, in milliseconds, after which a challenge is renewed when the page regains the focus. It lives five minutes.
const STALE_AFTER: f64 = 240_000.0;

/// How the browser asks the user (Credential Management level 1, section 2.3.2).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mediation {
    /// In a dialog.
    Modal,
    /// In the suggestions of a field, or not at all.
    Conditional,
}

/// The request for a passkey that this document has made.
struct Request {
    /// An `AbortController` (DOM, section 3.1).
    controller: JsValue,
    /// If it waits in the suggestions of the email field: since when, in Unix milliseconds.
    autofill_since: Option<f64>,
}

thread_local! {
    static REQUEST: RefCell<Option<Request>> = const { RefCell::new(None) };
    static IS_LISTENING: Cell<bool> = const { Cell::new(false) };
    /// Set when autofill was ended to ask again with a new challenge.
    static IS_RENEWED: Cell<bool> = const { Cell::new(false) };
    /// What autofill brought, until its form is sent: the token and the credential.
    static AUTOFILLED: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
    /// The relying party and the id of the credential that was used last.
    static LAST_USED: RefCell<Option<(JsValue, JsValue)>> = const { RefCell::new(None) };
}

/// A task for the lazily loaded code.
pub enum Task {
    /// Asks for a passkey, and adds the response to a form's fields.
    Answer(Fields, PasskeyChallenge),
    /// Asks for the passkey of any account, unless autofill brought one, and adds the response to the form's fields.
    SignIn(Fields),
    /// Offers passkeys in the email field's suggestions until one is chosen. With `is_unknown`, first tells
    /// authenticators that no account has the passkey used last.
    Autofill { is_unknown: bool },
    /// Ends that, when the page with the field is left.
    CancelAutofill,
    /// Lets the password manager create a passkey by itself, if the site and the browser agree.
    CreateAutomatically,
    /// Tells authenticators the user's names and all their credentials; after a removal, without those removed.
    SignalCurrent { tells_removal: bool },
}

lazy_fn!(
    /// Does a task, and returns the fields of its form, if it has one.
    pub async fn run(task: Task) -> Result<Fields, AppError> {
        match task {
            Task::Answer(fields, challenge) => return answer(fields, challenge).await,
            Task::SignIn(fields) => return sign_in(fields).await,
            Task::Autofill { is_unknown } => {
                if is_unknown {
                    signal_unknown().await;
                }
                autofill().await;
            }
            Task::CancelAutofill => cancel_autofill(),
            Task::CreateAutomatically => create_automatically().await,
            Task::SignalCurrent { tells_removal } => signal_current(tells_removal).await,
        }
        Ok(Fields::default())
    }
);

async fn answer(fields: Fields, challenge: PasskeyChallenge) -> Result<Fields, AppError> {
    let token = challenge.token.clone();
    let credential = ask(challenge, Mediation::Modal).await?;
    Ok(fields.with("token", &token).with("credential", &credential))
}

async fn sign_in(fields: Fields) -> Result<Fields, AppError> {
    // The box is in the form for passwords.
    let is_remembered = document().query_selector("input[name=remember]:checked");
    let fields = match is_remembered {
        Ok(Some(_)) => fields.with("remember", "on"),
        _ => fields,
    };
    if let Some((token, credential)) = AUTOFILLED.take() {
        return Ok(fields.with("token", &token).with("credential", &credential));
    }
    let answered = answer(fields, begin_passkey_sign_in().await?).await;
    if answered.is_err() {
        spawn_local(autofill());
    }
    answered
}

fn cancel() {
    if let Some(Request { controller, .. }) = REQUEST.take() {
        // Fails for no controller.
        let _ =
            property(&controller, "abort").and_then(|it| apply(&it, &controller, &no_arguments()));
    }
}

fn autofill_since() -> Option<f64> {
    REQUEST.with_borrow(|it| it.as_ref().and_then(|it| it.autofill_since))
}

fn cancel_autofill() {
    if autofill_since().is_some() {
        cancel();
    }
}

/// Renews the challenge of autofill if it is about to expire. The visitor may have been away for hours.
fn renew_if_stale() {
    if autofill_since().is_some_and(|it| now() - it > STALE_AFTER) {
        IS_RENEWED.set(true);
        cancel();
    }
}

async fn ask(challenge: PasskeyChallenge, mediation: Mediation) -> Result<String, PasskeyProblem> {
    cancel();
    perform(&challenge, mediation).await.map_err(|error| {
        // Browsers report a cancelled dialog and a missing passkey alike.
        let name = property(&error, "name").ok().and_then(|it| it.as_string());
        let is_known = name.as_deref() == Some("InvalidStateError");
        if is_known { PasskeyProblem::AlreadyAdded } else { PasskeyProblem::NotUsed }
    })
}

async fn perform(challenge: &PasskeyChallenge, mediation: Mediation) -> Result<String, JsValue> {
    let json = parse_json(&challenge.options)?;
    let (parse, method) = match challenge.request {
        PasskeyRequest::Create => ("parseCreationOptionsFromJSON", "create"),
        PasskeyRequest::Use => ("parseRequestOptionsFromJSON", "get"),
    };
    let class = property(&window().into(), "AbortController")?;
    let controller = construct(&class, &no_arguments())?;
    let options = dictionary();
    put(&options, "publicKey", &call(parse, &json)?);
    put(&options, "signal", &property(&controller, "signal")?);
    let is_conditional = mediation == Mediation::Conditional;
    if is_conditional {
        put(&options, "mediation", &"conditional".into());
    }
    let is_autofill = is_conditional && challenge.request == PasskeyRequest::Use;
    let autofill_since = is_autofill.then(now);
    REQUEST.set(Some(Request { controller: controller.clone(), autofill_since }));
    let answered = call_credentials(method, &options).await;
    // Unless a later request has taken its place.
    REQUEST.with_borrow_mut(|it| {
        if it.as_ref().is_some_and(|it| it.controller == controller) {
            *it = None;
        }
    });
    let credential = answered?;
    LAST_USED.set(Some((property(&json, "rpId")?, property(&credential, "id")?)));
    to_json(&credential)
}

async fn autofill() {
    let can = call_async("isConditionalMediationAvailable", &JsValue::UNDEFINED).await;
    if !can.is_ok_and(|it| it.is_truthy()) {
        return;
    }
    if !IS_LISTENING.replace(true) {
        // For as long as the document: without a request, it does nothing.
        let _ = window_event_listener_untyped("focus", |_| renew_if_stale());
    }
    loop {
        let Ok(challenge) = begin_passkey_sign_in().await else { return };
        let token = challenge.token.clone();
        match ask(challenge, Mediation::Conditional).await {
            Ok(credential) => {
                AUTOFILLED.set(Some((token, credential)));
                return submit(SIGN_IN_FORM);
            }
            Err(_) if IS_RENEWED.take() => {}
            Err(_) => return,
        }
    }
}

/// Sends the form with this id as its button does.
fn submit(id: &str) {
    let found = document().get_element_by_id(id);
    if let Some(form) = found.and_then(|it| it.dyn_into::<HtmlFormElement>().ok()) {
        // Fails only if the form was removed meanwhile.
        let _ = form.request_submit();
    }
}

async fn create_automatically() {
    let can = async || -> Result<bool, JsValue> {
        Ok(property(
            &call_async("getClientCapabilities", &JsValue::UNDEFINED).await?,
            "conditionalCreate",
        )?
        .is_truthy())
    };
    if !can().await.unwrap_or(false) {
        return;
    }
    let Ok(Some(challenge)) = begin_automatic_passkey().await else { return };
    let token = challenge.token.clone();
    // A password manager that does not agree says so at once.
    if let Ok(credential) = ask(challenge, Mediation::Conditional).await {
        // If it is refused, the password manager keeps it until its first use fails, and is then told.
        let _ = add_automatic_passkey(token, credential.into()).await;
    }
}

async fn signal_unknown() {
    let Some((rp_id, credential_id)) = LAST_USED.take() else { return };
    let options = dictionary();
    put(&options, "rpId", &rp_id);
    put(&options, "credentialId", &credential_id);
    // Browsers without it keep showing the passkey.
    let _ = call_async("signalUnknownCredential", &options).await;
}

async fn signal_current(tells_removal: bool) {
    let Ok(Some(PasskeySignal { rp_id, user_id, credential_ids, name, display_name })) =
        load_passkey_signal(tells_removal).await
    else {
        return;
    };
    let of_user = || {
        let options = dictionary();
        put(&options, "rpId", &rp_id.as_str().into());
        put(&options, "userId", &user_id.as_str().into());
        options
    };
    let all = of_user();
    put(&all, "allAcceptedCredentialIds", &credential_ids.into());
    let details = of_user();
    put(&details, "name", &name.into());
    put(&details, "displayName", &display_name.into());
    // Browsers without them keep showing the old ones.
    let _ = call_async("signalAllAcceptedCredentials", &all).await;
    let _ = call_async("signalCurrentUserDetails", &details).await;
}
