//! The endpoints and pages of all features.

use std::sync::LazyLock;

use portcullis::role::Permission;
use portcullis::server::feature::{Visitors, Who};
use portcullis::site::FEATURES;

/// Every endpoint and its permitted callers, sorted by path.
pub static PERMISSIONS: LazyLock<Vec<(&str, Who)>> = LazyLock::new(|| {
    let mut all: Vec<_> = FEATURES.endpoints().map(|it| (it.path, it.who)).collect();
    all.sort_by_key(|it| it.0);
    all
});

/// The endpoints that an administrator may call during an impersonation.
pub static IMPERSONATED: LazyLock<Vec<&str>> =
    LazyLock::new(|| FEATURES.endpoints().filter(|it| it.impersonated).map(|it| it.path).collect());

fn pages(visitors: Visitors) -> Vec<&'static str> {
    FEATURES.pages().filter(|it| it.visitors == visitors).map(|it| it.path).collect()
}

pub static PUBLIC_PAGES: LazyLock<Vec<&str>> = LazyLock::new(|| pages(Visitors::Strangers));

pub static OPEN_PAGES: LazyLock<Vec<&str>> = LazyLock::new(|| pages(Visitors::Everybody));

pub static UNVERIFIED_PAGES: LazyLock<Vec<&str>> =
    LazyLock::new(|| pages(Visitors::Users(Who::Unverified)));

/// The administration pages, each with its permission, or none if any permission is enough.
pub static ADMIN_PAGES: LazyLock<Vec<(&str, Option<Permission>)>> = LazyLock::new(|| {
    let pages = FEATURES.pages().filter_map(|it| match it.visitors {
        Visitors::Users(Who::Administers) => Some((it.path, None)),
        Visitors::Users(Who::May(permission)) => Some((it.path, Some(permission))),
        _ => None,
    });
    pages.collect()
});
