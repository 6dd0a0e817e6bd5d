//! `/sign-in`.

use leptos::prelude::*;

use crate::auth_pages::text;
use crate::eager_page;
use crate::form::Submission;
use crate::passkey::SignInWithPasskey;
use crate::paths::{mailed_sign_in_path, use_query};
use crate::sign_in::{SignIn, SignInForm};
use crate::social::SocialButtons;
use crate::ui::{CardPage, EmailField, Field, Form, Submit};
use crate::visit::Visit;

eager_page!(
    /// Shows every way to sign in.
    SignInPage => sign_in_page
);

fn sign_in_page() -> impl IntoView {
    let visit = expect_context::<Visit>();
    let (takes_sign_ups, mails_sign_ins) =
        visit.with(|it| (it.takes_sign_ups(), it.mails_sign_ins));
    let next = use_query().get_untracked("next");
    let next_of_passkey = next.clone();
    let by_mail = mailed_sign_in_path(&next);
    let submission = Submission::of::<SignIn>();
    // The position of the one that this browser used last, among those below.
    let last = visit.with(|it| usize::from(it.last_method));
    let mut ways = [
        view! { <SocialButtons next=next.clone() has_more=last != 1/> }.into_inner(),
        password_form(submission, next).into_any(),
        view! { <SignInWithPasskey next=next_of_passkey with_password=submission/> }.into_inner(),
        mails_sign_ins
            .then(|| view! { <a class="button wide" href=by_mail>{text::SIGN_IN_BY_EMAIL}</a> })
            .into_any(),
    ];
    for n in (1..=last).rev() {
        ways.swap(n - 1, n);
    }
    // As a list they would take more code.
    let [first, second, third, fourth] = ways;
    view! {
        <CardPage title=text::SIGN_IN>
            {first} {second} {third} {fourth}
            <p class="small-links">
                <a href="/recovery">{text::FORGOT_PASSWORD}</a>
            </p>
            {takes_sign_ups.then(|| view! {
                <p class="small-links">
                    {text::NEW_HERE} " "
                    <a href="/sign-up">{text::SIGN_UP_LINK}</a>
                </p>
            })}
        </CardPage>
    }
}

fn password_form(submission: Submission, next: String) -> impl IntoView {
    let is_remembered = submission.typed("remember").is_some();
    view! {
        <Form submission=submission check=|it, _| SignInForm::read(it).parse().err()>
            <EmailField submission=submission autocomplete="username webauthn"/>
            <Field
                submission=submission
                name="password"
                label=text::PASSWORD
                kind="password"
                autocomplete="current-password"
            />
            <input type="hidden" name="next" value=next/>
            <input type="hidden" name="needs_cookies" value="on"/>
            <label class="check">
                <input type="checkbox" name="remember" checked=is_remembered/>
                <span>{text::REMEMBER}</span>
            </label>
            <Submit
                submission=submission
                label=text::SIGN_IN
                busy=text::SIGNING_IN
                class="button primary wide"
            />
        </Form>
    }
}
