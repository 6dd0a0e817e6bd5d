//! `portcullis role`.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::error::{AppError, Problems, RequestProblem};
use crate::role::server::{self, Principal, RoleDraft};
use crate::role::{Grants, Permission, RoleProblem, parse_about};
use crate::server::config::ConfigError;
use crate::server::out::Out;
use crate::server::{App, Error};

#[derive(Debug, Subcommand)]
pub enum RoleCommand {
    /// List roles and their permissions.
    List,
    /// Show a role.
    Show { name: String },
    /// List the permissions of Portcullis.
    Permissions,
    /// Create a role.
    Create {
        name: String,
        #[command(flatten)]
        args: RoleArgs,
    },
    /// Change a role. Options that are left out keep their values; permissions replace all previous ones.
    Change {
        name: String,
        /// The new name.
        #[arg(long)]
        rename: Option<String>,
        /// What the role is for, in one line.
        #[arg(long)]
        about: Option<String>,
        /// A permission, as in `role create`; repeatable.
        #[arg(long = "permission", value_name = "PERMISSION", value_parser = permission)]
        permissions: Vec<String>,
        /// Remove all permissions.
        #[arg(long, conflicts_with = "permissions")]
        no_permissions: bool,
    },
    /// Take a role from every user and remove it.
    Remove { name: String },
}

#[derive(Debug, Args)]
pub struct RoleArgs {
    /// What the role is for, in one line.
    #[arg(long, default_value = "")]
    about: String,
    /// A permission of Portcullis such as users.read, or of an app such as billing:read; repeatable.
    #[arg(long = "permission", value_name = "PERMISSION", value_parser = permission)]
    permissions: Vec<String>,
}

fn invalid(problem: RoleProblem) -> AppError {
    AppError::Invalid(Problems { role: Some(problem), ..Problems::default() })
}

impl RoleArgs {
    fn draft(&self, name: &str) -> Result<RoleDraft, AppError> {
        Ok(RoleDraft {
            name: name.parse().map_err(invalid)?,
            about: parse_about(&self.about).map_err(invalid)?,
            grants: Grants::parse(self.permissions.iter().map(String::as_str)).map_err(invalid)?,
        })
    }
}

fn permission(word: &str) -> Result<String, &'static str> {
    match Grants::parse(std::iter::once(word)) {
        Ok(_) => Ok(word.to_owned()),
        Err(_) => {
            Err("expected a permission that `role permissions` lists, or one like billing:read")
        }
    }
}

impl RoleCommand {
    pub async fn run(self, app: &App, out: Out) -> Result<(), Error> {
        let by = Principal::operator();
        match self {
            Self::List => list(app, out, None).await,
            Self::Show { name } => list(app, out, Some(&name)).await,
            Self::Permissions => permissions(out),
            Self::Create { name, args } => {
                let id = server::create(app, &by, &args.draft(&name)?).await?;
                out.value(&json!({ "id": id }), |_| format!("Created the role {name}.\n"))
            }
            Self::Change { name, rename, about, permissions, no_permissions } => {
                let id = find(app, &name).await?;
                let roles = server::list(app).await?;
                let current =
                    roles.iter().find(|it| it.id == id).ok_or(RequestProblem::NotFound)?;
                let is_kept = permissions.is_empty() && !no_permissions;
                let args = RoleArgs {
                    about: about.unwrap_or_else(|| current.about.clone()),
                    permissions: if is_kept { current.permissions.clone() } else { permissions },
                };
                let draft = args.draft(rename.as_deref().unwrap_or(&name))?;
                server::change(app, &by, &id, Some(current.revision), &draft).await?;
                out.done("Changed the role.")
            }
            Self::Remove { name } => {
                server::remove(app, &by, &find(app, &name).await?).await?;
                out.done("Removed the role.")
            }
        }
    }
}

/// Needs no database.
pub fn permissions(out: Out) -> Result<(), Error> {
    let rows = Permission::ALL.map(|it| {
        json!({
            "permission": it.as_str(), "about": it.to_string(),
        })
    });
    let text =
        |row: &serde_json::Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    out.list(&rows, ["permission", "about"], |it| [text(it, "permission"), text(it, "about")])
}

async fn find(app: &App, name: &str) -> Result<String, Error> {
    let found = server::find(app, name).await?;
    found.ok_or_else(|| ConfigError(format!("there is no role {name:?}")).into())
}

async fn list(app: &App, out: Out, only: Option<&str>) -> Result<(), Error> {
    let mut roles = server::list(app).await?;
    if let Some(name) = only {
        roles.retain(|it| it.name == name);
        if roles.is_empty() {
            return Err(ConfigError(format!("there is no role {name:?}")).into());
        }
    }
    out.list(&roles, ["role", "users", "permissions", "about"], |it| {
        [it.name.clone(), it.users.to_string(), it.permissions.join(" "), it.about.clone()]
    })
}
