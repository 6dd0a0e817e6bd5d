//! The rail and the overview.

use leptos::prelude::*;
use leptos_router::components::Outlet;

use super::{Overview, load_overview, text};
use crate::lazy_page;
use crate::paths::RECOVERY_CODES_PAGE;
use crate::session::{ImpersonationBanner, SignOutButton, provide_impersonation};
use crate::ui::{Loaded, Moment, NoticeBar, PageTitle, Rail, RailEntry, SkipLink};
use crate::user::Viewer;
use crate::verification::{UnverifiedBanner, provide_resend};
use crate::viewer::{CurrentViewer, load_viewer};
use crate::visit::Visit;

const fn entry(href: &'static str, label: &'static str, icon: &'static str) -> RailEntry {
    RailEntry { href, label, icon, pages: &[] }
}

/// The pages in the rail.
const PAGES: [RailEntry; 6] = [
    entry("/dashboard", text::OVERVIEW, "M4 11l8-7 8 7v9h-5v-6h-6v6H4z"),
    entry(
        "/dashboard/profile",
        text::PROFILE,
        "M12 12a4 4 0 100-8 4 4 0 000 8zM4 21c1-4 4-6 8-6s7 2 8 6",
    ),
    RailEntry {
        pages: &["/dashboard/add-authenticator-app", RECOVERY_CODES_PAGE],
        ..entry("/dashboard/security", text::SECURITY, "M12 3l8 3v6c0 5-3 8-8 9-5-1-8-4-8-9V6z")
    },
    entry("/dashboard/sessions", text::SESSIONS, "M4 5h16v11H4zM9 20h6M12 16v4"),
    entry("/dashboard/activity", text::ACTIVITY, "M4 12h4l3-8 4 16 3-8h2"),
    entry(
        "/dashboard/linked-accounts",
        text::LINKED_ACCOUNTS,
        "M10 14a4 4 0 006 0l3-3a4 4 0 00-6-6l-1 1M14 10a4 4 0 00-6 0l-3 3a4 4 0 006 6l1-1",
    ),
];

/// The rail's entry for administrators.
const ADMINISTRATION: RailEntry =
    entry("/admin", text::ADMINISTRATION, "M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4");

lazy_page!(
    /// Renders the rail and the page beside it.
    DashboardLayout => layout
);

fn layout() -> impl IntoView {
    let current = Resource::new(|| (), |()| load_viewer());
    provide_context(CurrentViewer(current));
    provide_resend();
    provide_impersonation();
    let site_name = expect_context::<Visit>().with(|it| it.site_name.clone());
    view! {
        <SkipLink/>
        <div class="dashboard">
            <Transition fallback=|| ()>
                {move || {
                    let site_name = site_name.clone();
                    Suspend::new(async move {
                        let viewer = current.await.ok();
                        let has_admin_access = viewer.as_ref().is_some_and(Viewer::has_admin_access);
                        let entries = PAGES.into_iter().chain(has_admin_access.then_some(ADMINISTRATION));
                        view! {
                            <Rail
                                label=text::NAVIGATION
                                home="/dashboard"
                                site_name=site_name
                                entries=entries.collect()
                            >
                                {viewer.map(|it| view! { <p class="who">{it.name().to_owned()}</p> })}
                                <SignOutButton/>
                            </Rail>
                        }
                    })
                }}
            </Transition>
            <main class="content" id="content" tabindex="-1">
                <Transition fallback=|| ()>
                    {move || Suspend::new(async move { current.await.ok().map(banners) })}
                </Transition>
                <NoticeBar/>
                <Outlet/>
            </main>
        </div>
    }
}

/// Renders the banners above every page while their condition lasts.
fn banners(viewer: Viewer) -> impl IntoView {
    let name = viewer.name().to_owned();
    view! {
        {viewer
            .impersonated_until
            .map(|until| view! {
                <ImpersonationBanner name=name email=viewer.email.clone() until=until/>
            })}
        {(!viewer.email_verified)
            .then_some(viewer.email)
            .flatten()
            .map(|email| view! { <UnverifiedBanner email=email/> })}
    }
}

lazy_page!(
    /// Renders `/dashboard`.
    OverviewPage => overview_page
);

fn overview_page() -> impl IntoView {
    let overview = Resource::new(|| (), |()| load_overview());
    view! {
        <PageTitle text=text::OVERVIEW/>
        <Loaded data=overview view=cards/>
    }
}

fn cards(it: Overview) -> impl IntoView {
    let (name, now) = (it.name.clone(), it.now);
    view! {
        <section class="card">
            <h2>{it.name}</h2>
            {it
                .email
                .filter(|it| *it != name)
                .map(|it| view! { <p class="address">{it}</p> })}
            <p class="hint">{text::SIGNED_IN} " " <Moment at=it.signed_in_at now=now/> "."</p>
            <a href="/dashboard/profile" class="button">{text::EDIT_PROFILE}</a>
        </section>
        <section class="card">
            <h2>{text::PASSWORD}</h2>
            {match it.password_changed_at {
                Some(at) => {
                    view! { <p>{text::PASSWORD_CHANGED} " " <Moment at=at now=now/> "."</p> }.into_any()
                }
                None => view! { <p>{text::NO_PASSWORD}</p> }.into_any(),
            }}
            <a href="/dashboard/security" class="button">{text::MANAGE_PASSWORD}</a>
        </section>
        <section class="card">
            <h2>{text::LINKED_ACCOUNTS}</h2>
            <p>{text::linked_accounts(it.linked_accounts)}</p>
            <a href="/dashboard/linked-accounts" class="button">{text::MANAGE_LINKED_ACCOUNTS}</a>
        </section>
        <section class="card">
            <h2>{text::SESSIONS}</h2>
            <p>{text::sessions(it.sessions)}</p>
            <a href="/dashboard/sessions" class="button">{text::MANAGE_SESSIONS}</a>
        </section>
    }
}
