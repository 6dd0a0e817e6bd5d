//! The reasons to refuse an action on users or roles.

use crate::problem::problems;

problems! {
    /// The reason an action on users or roles was refused.
    pub enum AdminProblem {
        /// No administrator would be left.
        LastAdministrator: "last_administrator", 409,
            "This would leave no administrator. Make another user an administrator first.";
        /// The role is built in.
        BuiltInRole: "built_in_role", 409, "This role is built in and can't be changed.";
        /// `second_factor.roles` names the role.
        NamedBySetting: "role_named_by_setting", 409,
            "The setting second_factor.roles names this role. Change the setting first.";
        /// The target holds permissions that the actor lacks.
        TargetOutranksActor: "above", 403,
            "You can't do this to a user or role with more permissions than you have.";
        /// Another user changed the target after it was shown.
        Changed: "changed", 409,
            "Another user changed this in the meantime, so your change was not made. \
             Check the current state and try again.";
        /// The user has no email address.
        NoEmail: "no_address", 409, "This user has no email address.";
        /// The user's email address must be verified before they get a role.
        TargetUnverified: "address_not_proven", 409,
            "This user's email address is not verified. Ask them to verify it first.";
    }
}
