//! What this feature adds to the site.

use super::log;
use crate::role::Permission;
use crate::server::feature::{AccessRule, Audience, Endpoint, Feature, Page};

/// The administration's entry in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new(
            "/api/admin/audit",
            AccessRule::Requires(Permission::AuditRead),
            "/admin/audit",
        ),
        Endpoint::new(
            "/api/admin/audit/export",
            AccessRule::Requires(Permission::AuditRead),
            "/admin/audit",
        ),
        Endpoint::new(
            "/api/admin/invitations",
            AccessRule::Requires(Permission::UsersInvite),
            "/admin/invitations",
        ),
        Endpoint::new(
            "/api/admin/invitations/invite",
            AccessRule::Requires(Permission::UsersInvite),
            "/admin/invitations",
        )
        .refilling(&["email"]),
        Endpoint::new(
            "/api/admin/invitations/withdraw",
            AccessRule::Requires(Permission::UsersInvite),
            "/admin/invitations",
        )
        .refilling(&["part"]),
        Endpoint::new(
            "/api/admin/limits",
            AccessRule::Requires(Permission::LimitsLift),
            "/admin/limits",
        ),
        Endpoint::new(
            "/api/admin/limits/lift",
            AccessRule::Requires(Permission::LimitsLift),
            "/admin/limits",
        )
        .refilling(&["part"]),
        Endpoint::new("/api/admin/mail", AccessRule::Requires(Permission::MailRead), "/dashboard"),
        Endpoint::new("/api/admin/overview", AccessRule::AnyPermission, "/dashboard"),
        Endpoint::new(
            "/api/admin/providers",
            AccessRule::Requires(Permission::ProvidersRead),
            "/dashboard",
        ),
        Endpoint::new(
            "/api/admin/role",
            AccessRule::Requires(Permission::RolesManage),
            "/admin/roles",
        ),
        Endpoint::new(
            "/api/admin/role/remove",
            AccessRule::Requires(Permission::RolesManage),
            "/admin/roles",
        ),
        Endpoint::new(
            "/api/admin/role/save",
            AccessRule::Requires(Permission::RolesManage),
            "/admin/roles",
        )
        .refilling(&["name", "about", "permissions"]),
        Endpoint::new(
            "/api/admin/roles",
            AccessRule::Requires(Permission::RolesManage),
            "/admin/roles",
        ),
        Endpoint::new(
            "/api/admin/user",
            AccessRule::Requires(Permission::UsersRead),
            "/admin/users",
        ),
        Endpoint::new(
            "/api/admin/user/delete",
            AccessRule::Requires(Permission::UsersDelete),
            "/admin/users",
        ),
        Endpoint::new(
            "/api/admin/user/disable",
            AccessRule::Requires(Permission::UsersDisable),
            "/admin/users",
        )
        .refilling(&["reason", "until"]),
        Endpoint::new(
            "/api/admin/user/enable",
            AccessRule::Requires(Permission::UsersDisable),
            "/admin/users",
        ),
        Endpoint::new(
            "/api/admin/user/end-session",
            AccessRule::Requires(Permission::UsersDisable),
            "/admin/users",
        )
        .refilling(&["part"]),
        Endpoint::new(
            "/api/admin/user/end-sessions",
            AccessRule::Requires(Permission::UsersDisable),
            "/admin/users",
        ),
        Endpoint::new(
            "/api/admin/user/give-role",
            AccessRule::Requires(Permission::RolesAssign),
            "/admin/users",
        )
        .refilling(&["part"]),
        Endpoint::new(
            "/api/admin/user/impersonate",
            AccessRule::Requires(Permission::UsersImpersonate),
            "/admin/users",
        ),
        Endpoint::new(
            "/api/admin/user/password-link",
            AccessRule::Requires(Permission::UsersRecover),
            "/admin/users",
        ),
        Endpoint::new(
            "/api/admin/user/remove-factor",
            AccessRule::Requires(Permission::UsersRecover),
            "/admin/users",
        )
        .refilling(&["part"]),
        Endpoint::new(
            "/api/admin/user/restore",
            AccessRule::Requires(Permission::UsersDelete),
            "/admin/users",
        ),
        Endpoint::new(
            "/api/admin/user/take-role",
            AccessRule::Requires(Permission::RolesAssign),
            "/admin/users",
        )
        .refilling(&["part"]),
        Endpoint::new(
            "/api/admin/user/unlink",
            AccessRule::Requires(Permission::UsersRecover),
            "/admin/users",
        )
        .refilling(&["part"]),
        Endpoint::new(
            "/api/admin/user/unlock",
            AccessRule::Requires(Permission::UsersRecover),
            "/admin/users",
        ),
        Endpoint::new(
            "/api/admin/users",
            AccessRule::Requires(Permission::UsersRead),
            "/admin/users",
        ),
    ],
    pages: &[
        Page::new("/admin", Audience::Users(AccessRule::AnyPermission)),
        Page::new("/admin/users", Audience::Users(AccessRule::Requires(Permission::UsersRead))),
        Page::new("/admin/user", Audience::Users(AccessRule::Requires(Permission::UsersRead))),
        Page::new(
            "/admin/invitations",
            Audience::Users(AccessRule::Requires(Permission::UsersInvite)),
        ),
        Page::new("/admin/roles", Audience::Users(AccessRule::Requires(Permission::RolesManage))),
        Page::new("/admin/role", Audience::Users(AccessRule::Requires(Permission::RolesManage))),
        Page::new("/admin/audit", Audience::Users(AccessRule::Requires(Permission::AuditRead))),
        Page::new("/admin/mail", Audience::Users(AccessRule::Requires(Permission::MailRead))),
        Page::new(
            "/admin/providers",
            Audience::Users(AccessRule::Requires(Permission::ProvidersRead)),
        ),
        Page::new("/admin/limits", Audience::Users(AccessRule::Requires(Permission::LimitsLift))),
    ],
    routes: log::route::routes,
    ..Feature::NONE
};
