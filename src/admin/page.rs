//! The administration's rail and overview.

use leptos::prelude::*;
use leptos_router::components::Outlet;

use super::chart::Chart;
use super::{AdminOverview, load_admin_overview, text};
use crate::role::Permission;
use crate::session::SignOutButton;
use crate::ui::{Loaded, NoticeBar, PageTitle, Rail, RailEntry, SkipLink};
use crate::user::Viewer;
use crate::viewer::load_viewer;
use crate::visit::Visit;

const fn entry(
    permission: Option<Permission>,
    href: &'static str,
    label: &'static str,
    icon: &'static str,
) -> (Option<Permission>, RailEntry) {
    (permission, RailEntry { href, label, icon, pages: &[] })
}

/// The pages in the rail, with the permission that each needs.
const PAGES: [(Option<Permission>, RailEntry); 9] = [
    entry(None, "/admin", text::OVERVIEW, "M4 20V10M10 20V4M16 20v-7M22 20H2"),
    entry(
        Some(Permission::UsersRead),
        "/admin/users",
        text::USERS,
        "M9 11a4 4 0 100-8 4 4 0 000 8zM2 20c1-4 4-5 7-5s6 1 7 5M17 4a4 4 0 010 7M19 15c2 1 3 3 3 5",
    ),
    entry(
        Some(Permission::RolesManage),
        "/admin/roles",
        text::ROLES,
        "M15 7a4 4 0 11-4 4M11 11l-8 8v2h4l1-2h2l1-2 2-2M16 7h.01",
    ),
    entry(
        Some(Permission::AuditRead),
        "/admin/audit",
        text::AUDIT_LOG,
        "M6 3h12v18H6zM9 8h6M9 12h6M9 16h3",
    ),
    entry(
        Some(Permission::UsersInvite),
        "/admin/invitations",
        text::INVITATIONS,
        "M3 6h18v12H3zM3 7l9 7 9-7",
    ),
    entry(Some(Permission::MailRead), "/admin/mail", text::MAIL, "M3 12l18-8-6 16-3-6zM12 14l9-10"),
    entry(
        Some(Permission::ProvidersRead),
        "/admin/providers",
        text::PROVIDERS,
        "M7 18a5 5 0 010-10 6 6 0 0111-1 5 5 0 010 11z",
    ),
    entry(
        Some(Permission::LimitsLift),
        "/admin/limits",
        text::LIMITS,
        "M12 4a8 8 0 108 8M12 12l5-5",
    ),
    entry(None, "/dashboard", text::YOUR_ACCOUNT, "M15 4H5v16h10M11 12h10M17 8l4 4-4 4"),
];

/// Renders the rail and the page beside it.
pub fn layout() -> impl IntoView {
    let current = Resource::new(|| (), |()| load_viewer());
    let site_name = expect_context::<Visit>().with(|it| it.site_name.clone());
    view! {
        <SkipLink/>
        <div class="dashboard">
            <Transition fallback=|| ()>
                {move || {
                    let site_name = site_name.clone();
                    Suspend::new(async move { current.await.ok().map(|it| rail(site_name, &it)) })
                }}
            </Transition>
            <main class="content" id="content" tabindex="-1">
                <NoticeBar/>
                <Outlet/>
            </main>
        </div>
    }
}

fn rail(site_name: String, viewer: &Viewer) -> impl IntoView + use<> {
    let may = |it: &Option<Permission>| it.is_none_or(|it| viewer.permissions.has(it));
    let entries = PAGES.into_iter().filter(|(permission, _)| may(permission)).map(|(_, it)| it);
    let name = viewer.name().to_owned();
    view! {
        <Rail label=text::NAVIGATION home="/admin" site_name=site_name entries=entries.collect()>
            <p class="who">{name}</p>
            <SignOutButton/>
        </Rail>
    }
}

/// Renders `/admin`.
pub fn admin_page() -> impl IntoView {
    let overview = Resource::new(|| (), |()| load_admin_overview());
    view! {
        <PageTitle text=text::TITLE/>
        <Loaded data=overview view=numbers/>
    }
}

fn numbers(it: AdminOverview) -> impl IntoView {
    let numbers = [
        (text::USERS, it.users),
        (text::DISABLED, it.disabled),
        (text::UNVERIFIED, it.unverified),
        (text::SESSIONS, it.sessions),
        (text::QUEUED_MAILS, it.queued_mails),
        (text::GIVEN_UP_MAILS, it.given_up_mails),
    ];
    view! {
        <dl class="card numbers">
            {numbers
                .map(|(word, number)| view! { <div><dt>{word}</dt><dd>{number}</dd></div> })
                .collect_view()}
        </dl>
        <section class="card">
            <h2>{text::CHART_TITLE}</h2>
            <Chart days=it.days/>
        </section>
    }
}
