//! Administrators, and users with roles that a test creates.

use portcullis::admin::server::manage::{self, NewUser, RoleChange};
use portcullis::args;
use portcullis::role::server::{Principal, RoleDraft, create, find};
use portcullis::role::{ADMINISTRATOR, Grants, parse_about};
use portcullis::user::server::UserId;

use super::{Browser, TestApp};

impl TestApp {
    /// Returns a user's id.
    pub async fn id_of(&self, email: &str) -> String {
        let user = manage::find(&self.app, email).await.unwrap();
        user.as_str().to_owned()
    }

    /// Returns the user's revision, as forms send it: how often administrators changed the user.
    pub async fn revision_of(&self, email: &str) -> String {
        let sql = "SELECT revision FROM users WHERE email_key = $1";
        let found: i64 = self.app.db.scalar(sql, args![email]).await.unwrap();
        found.to_string()
    }

    /// Creates a user as an operator does.
    pub async fn create_user(&self, email: &str) {
        let (email, name) = (email.parse().unwrap(), "".parse().unwrap());
        let new = NewUser { email: &email, name: &name, password: None, roles: &[] };
        manage::create(&self.app, &Principal::operator(), &new).await.unwrap();
    }

    /// Marks a user's email address as verified.
    pub async fn mark_verified(&self, email: &str) {
        let sql = "UPDATE users SET email_verified_at = created_at WHERE email_key = $1";
        self.app.db.execute(sql, args![email]).await.map(drop).unwrap();
    }

    /// Gives a role by its name, after marking the user's email address as verified.
    pub async fn assign_role(&self, email: &str, role: &str) {
        self.mark_verified(email).await;
        let role = [find(&self.app, role).await.unwrap().unwrap()];
        self.change(email, &RoleChange { add: &role, remove: &[] }).await;
    }

    /// Removes a role by its name.
    pub async fn unassign_role(&self, email: &str, role: &str) {
        let role = [find(&self.app, role).await.unwrap().unwrap()];
        self.change(email, &RoleChange { add: &[], remove: &role }).await;
    }

    async fn change(&self, email: &str, change: &RoleChange<'_>) {
        let user = UserId::from(self.id_of(email).await);
        manage::change_roles(&self.app, &Principal::operator(), &user, None, change).await.unwrap();
    }

    /// Creates a role with these permissions, and returns its id.
    pub async fn role(&self, name: &str, permissions: &[&str]) -> String {
        let draft = RoleDraft {
            name: name.parse().unwrap(),
            about: parse_about("of a test").unwrap(),
            grants: Grants::parse(permissions.iter().copied()).unwrap(),
        };
        create(&self.app, &Principal::operator(), &draft).await.unwrap()
    }

    /// Returns a browser in which a new administrator has just signed in.
    pub async fn administrator(&self, email: &str) -> Browser {
        let browser = self.signed_in_browser(email).await;
        self.assign_role(email, ADMINISTRATOR).await;
        browser
    }

    /// Returns the fields that identify a user at the current revision.
    pub async fn user_fields(&self, email: &str) -> [(&'static str, String); 2] {
        [("id", self.id_of(email).await), ("seen", self.revision_of(email).await)]
    }

    /// Acts on a user at the current revision, with more fields than those that identify the user.
    pub async fn act_on_user(
        &self,
        browser: &mut Browser,
        what: &str,
        email: &str,
        more: &[(&str, &str)],
    ) -> super::TestResponse {
        let named = self.user_fields(email).await;
        let mut fields: Vec<(&str, &str)> = named.iter().map(|it| (it.0, it.1.as_str())).collect();
        fields.extend(more);
        browser.call(&format!("/api/admin/user/{what}"), &fields).await
    }
}
