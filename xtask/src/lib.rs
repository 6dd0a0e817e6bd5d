//! Builds the browser half of the application and lays it out as `target/site`.
//!
//! `browser` builds the wasm and its JavaScript, `css` the style sheet; `site` puts both and `public/`,
//! compressed by `compress`, where the server's build script finds them.

pub mod browser;
pub mod compress;
pub mod css;
pub mod files;
pub mod js;
pub mod path_remap;
pub mod sbom;
pub mod server;
pub mod site;
pub mod size;
pub mod wasm;
pub mod watch;

use std::path::PathBuf;

/// The name of the package, and of the files that the browser loads.
pub const NAME: &str = "portcullis";

pub type Error = Box<dyn std::error::Error + Send + Sync>;
pub type Result<T> = std::result::Result<T, Error>;

/// The paths in use, all below the root of the workspace.
#[derive(Clone, Debug)]
pub struct Paths {
    pub root: PathBuf,
    /// cargo's target folder.
    pub target: PathBuf,
    /// What xtask keeps between runs.
    pub work: PathBuf,
    /// The site that is embedded in the server.
    pub site: PathBuf,
    /// The site that a development build of the server reads.
    pub dev_site: PathBuf,
}

impl Paths {
    /// Takes the root from cargo's environment; without it, the current folder is the root.
    #[must_use]
    pub fn find() -> Self {
        let root = std::env::var_os("CARGO_MANIFEST_DIR")
            .and_then(|package| PathBuf::from(package).parent().map(PathBuf::from))
            .unwrap_or_else(|| PathBuf::from("."));
        Self::in_root(root)
    }

    #[must_use]
    pub fn in_root(root: PathBuf) -> Self {
        let target = root.join("target");
        Self {
            work: target.join("xtask-work"),
            site: target.join("site"),
            dev_site: target.join("dev-site"),
            target,
            root,
        }
    }
}
