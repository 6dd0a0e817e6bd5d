//! What this feature adds to the site.

use super::log;
use crate::role::Permission;
use crate::server::feature::{Endpoint, Feature, Page, Visitors, Who};

/// The administration's entry in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new("/api/admin/audit", Who::May(Permission::AuditRead), "/admin/audit"),
        Endpoint::new("/api/admin/audit/export", Who::May(Permission::AuditRead), "/admin/audit"),
        Endpoint::new(
            "/api/admin/invitations",
            Who::May(Permission::UsersInvite),
            "/admin/invitations",
        ),
        Endpoint::new(
            "/api/admin/invitations/invite",
            Who::May(Permission::UsersInvite),
            "/admin/invitations",
        )
        .refilling(&["email"]),
        Endpoint::new(
            "/api/admin/invitations/withdraw",
            Who::May(Permission::UsersInvite),
            "/admin/invitations",
        )
        .refilling(&["part"]),
        Endpoint::new("/api/admin/limits", Who::May(Permission::LimitsLift), "/admin/limits"),
        Endpoint::new("/api/admin/limits/lift", Who::May(Permission::LimitsLift), "/admin/limits")
            .refilling(&["part"]),
        Endpoint::new("/api/admin/mail", Who::May(Permission::MailRead), "/dashboard"),
        Endpoint::new("/api/admin/overview", Who::Administers, "/dashboard"),
        Endpoint::new("/api/admin/providers", Who::May(Permission::ProvidersRead), "/dashboard"),
        Endpoint::new("/api/admin/role", Who::May(Permission::RolesManage), "/admin/roles"),
        Endpoint::new("/api/admin/role/remove", Who::May(Permission::RolesManage), "/admin/roles"),
        Endpoint::new("/api/admin/role/save", Who::May(Permission::RolesManage), "/admin/roles")
            .refilling(&["name", "about", "permissions"]),
        Endpoint::new("/api/admin/roles", Who::May(Permission::RolesManage), "/admin/roles"),
        Endpoint::new("/api/admin/user", Who::May(Permission::UsersRead), "/admin/users"),
        Endpoint::new("/api/admin/user/delete", Who::May(Permission::UsersDelete), "/admin/users"),
        Endpoint::new(
            "/api/admin/user/disable",
            Who::May(Permission::UsersDisable),
            "/admin/users",
        )
        .refilling(&["reason", "until"]),
        Endpoint::new("/api/admin/user/enable", Who::May(Permission::UsersDisable), "/admin/users"),
        Endpoint::new(
            "/api/admin/user/end-session",
            Who::May(Permission::UsersDisable),
            "/admin/users",
        )
        .refilling(&["part"]),
        Endpoint::new(
            "/api/admin/user/end-sessions",
            Who::May(Permission::UsersDisable),
            "/admin/users",
        ),
        Endpoint::new(
            "/api/admin/user/give-role",
            Who::May(Permission::RolesAssign),
            "/admin/users",
        )
        .refilling(&["part"]),
        Endpoint::new(
            "/api/admin/user/impersonate",
            Who::May(Permission::UsersImpersonate),
            "/admin/users",
        ),
        Endpoint::new(
            "/api/admin/user/password-link",
            Who::May(Permission::UsersRecover),
            "/admin/users",
        ),
        Endpoint::new("/api/admin/user/restore", Who::May(Permission::UsersDelete), "/admin/users"),
        Endpoint::new(
            "/api/admin/user/take-role",
            Who::May(Permission::RolesAssign),
            "/admin/users",
        )
        .refilling(&["part"]),
        Endpoint::new("/api/admin/user/unlink", Who::May(Permission::UsersRecover), "/admin/users")
            .refilling(&["part"]),
        Endpoint::new("/api/admin/user/unlock", Who::May(Permission::UsersRecover), "/admin/users"),
        Endpoint::new("/api/admin/users", Who::May(Permission::UsersRead), "/admin/users"),
    ],
    pages: &[
        Page::new("/admin", Visitors::Users(Who::Administers)),
        Page::new("/admin/users", Visitors::Users(Who::May(Permission::UsersRead))),
        Page::new("/admin/user", Visitors::Users(Who::May(Permission::UsersRead))),
        Page::new("/admin/invitations", Visitors::Users(Who::May(Permission::UsersInvite))),
        Page::new("/admin/roles", Visitors::Users(Who::May(Permission::RolesManage))),
        Page::new("/admin/role", Visitors::Users(Who::May(Permission::RolesManage))),
        Page::new("/admin/audit", Visitors::Users(Who::May(Permission::AuditRead))),
        Page::new("/admin/mail", Visitors::Users(Who::May(Permission::MailRead))),
        Page::new("/admin/providers", Visitors::Users(Who::May(Permission::ProvidersRead))),
        Page::new("/admin/limits", Visitors::Users(Who::May(Permission::LimitsLift))),
    ],
    routes: log::route::routes,
    ..Feature::NONE
};
