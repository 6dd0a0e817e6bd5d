//! Files that other users of this machine can access.

use std::path::PathBuf;

use super::{Config, DatabaseUrl};
use crate::server::files::{Exposure, exposure};

/// Returns the paths (data folder, key, database) that are open to others than their owner, and to whom.
#[must_use]
pub fn exposed(config: &Config) -> Vec<(PathBuf, Exposure)> {
    let data = &config.site.data;
    let mut paths = vec![data.clone(), data.join("key")];
    if let Some(DatabaseUrl::Sqlite(_, Some(file))) =
        DatabaseUrl::parse(config.database.url.expose())
    {
        paths.push(file);
    }
    paths.into_iter().filter_map(|it| exposure(&it).map(|to| (it, to))).collect()
}
