//! The map of pages.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::hooks::use_location;
use leptos_router::{Lazy, SsrMode, path};

use crate::audit::ActivityPage;
use crate::dashboard::{DashboardLayout, OverviewPage};
use crate::error::AppError;
use crate::form::Notices;
use crate::password::SecurityPage;
use crate::reauthentication::ReauthenticationPage;
use crate::recovery::RecoveryPage;
use crate::session::SessionsPage;
use crate::sign_in::SignInPage;
use crate::sign_up::SignUpPage;
use crate::social::LinkedAccountsPage;
use crate::ticket::TicketPage;
use crate::ui::{ErrorCard, Frame, PageTitle, WayOn, focus_heading};
use crate::user::ProfilePage;
use crate::verification::VerifyAddressPage;
use crate::visit::Visit;

/// The pages for strangers. Every other page is for those who are signed in.
pub const PUBLIC_PAGES: [&str; 4] = ["/", "/sign-in", "/sign-up", "/recovery"];

/// Pages for anybody: a mailed link leads there, whoever is signed in.
pub const OPEN_PAGES: [&str; 1] = ["/ticket"];

/// Where those wait whose address must be proven first.
pub const VERIFY_PAGE: &str = "/verify-address";

/// The pages that they may see.
pub const UNVERIFIED_PAGES: [&str; 2] = [VERIFY_PAGE, "/reauthenticate"];

/// The app, from the body down.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let visit = Visit::begin();
    provide_context(visit);
    view! {
        <Router>
            <Pages/>
        </Router>
    }
}

/// Pages are rendered whole before the first byte leaves, so that an answer's status is true.
#[component]
fn Pages() -> impl IntoView {
    let visit = expect_context::<Visit>();
    let path = use_location().pathname.get_untracked();
    let flash = visit.take_flash("").and_then(|it| it.outcome.transpose());
    let notices = Notices::new(flash.map(|it| (path, it)));
    provide_context(notices);
    let path = use_location().pathname;
    Effect::new(move |_| path.with(|path| notices.leave_for(path)));
    view! {
        <Routes fallback=NotFoundPage>
            <Route path=path!("/") view=HomePage ssr=SsrMode::Async/>
            <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::Async/>
            <Route path=path!("/sign-up") view={Lazy::<SignUpPage>::new()} ssr=SsrMode::Async/>
            <Route path=path!("/recovery") view={Lazy::<RecoveryPage>::new()} ssr=SsrMode::Async/>
            <Route path=path!("/ticket") view={Lazy::<TicketPage>::new()} ssr=SsrMode::Async/>
            <Route
                path=path!("/verify-address")
                view={Lazy::<VerifyAddressPage>::new()}
                ssr=SsrMode::Async
            />
            <Route
                path=path!("/reauthenticate")
                view={Lazy::<ReauthenticationPage>::new()}
                ssr=SsrMode::Async
            />
            <ParentRoute path=path!("/dashboard") view={Lazy::<DashboardLayout>::new()} ssr=SsrMode::Async>
                <Route path=path!("") view={Lazy::<OverviewPage>::new()} ssr=SsrMode::Async/>
                <Route path=path!("profile") view={Lazy::<ProfilePage>::new()} ssr=SsrMode::Async/>
                <Route path=path!("security") view={Lazy::<SecurityPage>::new()} ssr=SsrMode::Async/>
                <Route
                    path=path!("linked-accounts")
                    view={Lazy::<LinkedAccountsPage>::new()}
                    ssr=SsrMode::Async
                />
                <Route path=path!("sessions") view={Lazy::<SessionsPage>::new()} ssr=SsrMode::Async/>
                <Route path=path!("activity") view={Lazy::<ActivityPage>::new()} ssr=SsrMode::Async/>
            </ParentRoute>
        </Routes>
    }
}

/// What this is.
#[component]
fn HomePage() -> impl IntoView {
    let (name, takes_sign_ups) =
        expect_context::<Visit>().with(|it| (it.site_name.clone(), it.takes_sign_ups));
    view! {
        <Frame site_name=name.clone()>
            <section class="card home">
                <PageTitle text=name/>
                <p>"One place to sign in, and to look after your account."</p>
                <div class="stack">
                    <a class="button primary" href="/sign-in">"Sign in"</a>
                    {takes_sign_ups.then(|| view! {
                        <a class="button" href="/sign-up">"Create an account"</a>
                    })}
                </div>
            </section>
        </Frame>
    }
}

/// What the browser shows where it was led to no page of ours; the server has a page of its own.
#[component]
fn NotFoundPage() -> impl IntoView {
    let (site_name, request_id) =
        expect_context::<Visit>().with(|it| (it.site_name.clone(), it.request_id.clone()));
    let title = format!("{} · {site_name}", ErrorCard::title(AppError::NotFound));
    Effect::new(|_| focus_heading());
    let card = ErrorCard::view(AppError::NotFound, request_id, WayOn::Start("/".to_owned()));
    view! {
        <Title text=title/>
        <Frame site_name=site_name>{card}</Frame>
    }
}
