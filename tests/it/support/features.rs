//! The endpoints and pages of all features.

use std::sync::LazyLock;

use portcullis::role::Permission;
use portcullis::server::feature::{AccessRule, Audience};
use portcullis::site::FEATURES;

/// Every endpoint and its permitted callers, sorted by path.
pub static PERMISSIONS: LazyLock<Vec<(&str, AccessRule)>> = LazyLock::new(|| {
    let mut all: Vec<_> = FEATURES.endpoints().map(|it| (it.path, it.access)).collect();
    all.sort_by_key(|it| it.0);
    all
});

/// The endpoints that an administrator may call during an impersonation.
pub static IMPERSONATED: LazyLock<Vec<&str>> = LazyLock::new(|| {
    FEATURES.endpoints().filter(|it| it.during_impersonation).map(|it| it.path).collect()
});

fn pages(audience: Audience) -> Vec<&'static str> {
    FEATURES.pages().filter(|it| it.audience == audience).map(|it| it.path).collect()
}

pub static PUBLIC_PAGES: LazyLock<Vec<&str>> = LazyLock::new(|| pages(Audience::SignedOut));

pub static OPEN_PAGES: LazyLock<Vec<&str>> = LazyLock::new(|| pages(Audience::Anyone));

pub static UNVERIFIED_PAGES: LazyLock<Vec<&str>> =
    LazyLock::new(|| pages(Audience::Users(AccessRule::MaybeUnverified)));

/// The administration pages, each with its permission, or none if any permission is enough.
pub static ADMIN_PAGES: LazyLock<Vec<(&str, Option<Permission>)>> = LazyLock::new(|| {
    let pages = FEATURES.pages().filter_map(|it| match it.audience {
        Audience::Users(AccessRule::AnyPermission) => Some((it.path, None)),
        Audience::Users(AccessRule::Requires(permission)) => Some((it.path, Some(permission))),
        _ => None,
    });
    pages.collect()
});
