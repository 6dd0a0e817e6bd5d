//! A folder for this run, and the settings of a server in it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use portcullis::server::Config;
use portcullis::server::config::RawConfig;

use crate::Result;

/// Removed after the run. In the target folder, since temporary folders may be in memory.
pub struct Folder(PathBuf);

impl Folder {
    pub fn create() -> Result<Self> {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("figures-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn database(&self) -> PathBuf {
        self.0.join("portcullis.sqlite")
    }

    /// Returns the default settings, except for paths, socket address and URL.
    pub fn config(&self, address: SocketAddr) -> Result<Config> {
        config(&self.database(), address)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Returns the settings of a server with this database file.
pub fn config(database: &Path, address: SocketAddr) -> Result<Config> {
    let data = database.parent().filter(|it| *it != Path::new("")).unwrap_or(Path::new("."));
    let text = format!(
        "site.url = \"http://{address}\"\nsite.listen = \"{address}\"\nsite.data = {:?}\n\
         database.url = {:?}\n",
        data.display().to_string(),
        format!("sqlite:{}", database.display())
    );
    let mut raw = RawConfig::default();
    raw.add_file("figures", &text)?;
    Ok(Config::from_raw(&raw)?)
}

/// Returns a socket address with a free port.
pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
