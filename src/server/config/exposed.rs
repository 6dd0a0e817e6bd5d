//! Files that other users of this machine can access.

use std::path::PathBuf;

use super::{Address, Config};
use crate::server::files::{OpenTo, open_to};

/// Returns the paths (data folder, key, database) that are open to others than their owner, and to whom.
#[must_use]
pub fn exposed(config: &Config) -> Vec<(PathBuf, OpenTo)> {
    let data = &config.site.data;
    let mut paths = vec![data.clone(), data.join("key")];
    if let Some(Address::Sqlite(_, Some(file))) = Address::read(config.database.url.expose()) {
        paths.push(file);
    }
    paths.into_iter().filter_map(|it| open_to(&it).map(|to| (it, to))).collect()
}
