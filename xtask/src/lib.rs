//! Builds the browser half of the application and lays it out as `target/site`.
//!
//! `browser` makes the wasm and its JavaScript, `css` the style sheet, `site` puts both and
//! `public/` where the server's build script picks them up, compressed by `compress`.

pub mod browser;
pub mod compress;
pub mod css;
pub mod files;
pub mod hidden;
pub mod js;
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

/// Where things are, all below the root of the workspace.
#[derive(Clone, Debug)]
pub struct Paths {
    pub root: PathBuf,
    /// cargo's target folder.
    pub target: PathBuf,
    /// What xtask remembers between runs.
    pub work: PathBuf,
    /// What the server is built with.
    pub site: PathBuf,
    /// What a server that is built for development reads.
    pub dev_site: PathBuf,
}

impl Paths {
    /// Cargo says where this package lies; without it the current folder is the root.
    #[must_use]
    pub fn find() -> Self {
        let root = std::env::var_os("CARGO_MANIFEST_DIR")
            .and_then(|package| PathBuf::from(package).parent().map(PathBuf::from))
            .unwrap_or_else(|| PathBuf::from("."));
        Self::below(root)
    }

    #[must_use]
    pub fn below(root: PathBuf) -> Self {
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
