//! Counts a user's second factors.

use crate::args;
use crate::record;
use crate::server::Error;
use crate::server::config::AcceptedFactors;
use crate::server::db::Tx;
use crate::user::server::UserId;

const COUNT: &str = "
    SELECT (SELECT COUNT(*) FROM authenticator_apps
            WHERE user_id = $1 AND removed_at IS NULL) AS apps,
        COUNT(CASE WHEN NOT is_automatic THEN 1 END) AS passkeys,
        COUNT(CASE WHEN NOT is_automatic AND disabled_at IS NULL THEN 1 END) AS enabled,
        COUNT(CASE WHEN NOT is_automatic AND disabled_at IS NULL AND is_device_bound THEN 1 END)
            AS device_bound,
        COUNT(CASE WHEN is_automatic THEN 1 END) AS automatic,
        COUNT(CASE WHEN is_automatic AND disabled_at IS NULL THEN 1 END) AS automatic_enabled,
        COUNT(CASE WHEN is_automatic AND disabled_at IS NULL AND is_device_bound THEN 1 END)
            AS automatic_device_bound
    FROM passkeys
    WHERE user_id = $1 AND removed_at IS NULL";

record! {
    /// How many second factors a user has, by kind. Recovery codes are not among them: they replace a factor that is
    /// lost. Automatic passkeys are counted apart: the user has not asked for a second factor, so they matter only
    /// where the site does.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct Held {
        apps: i64,
        passkeys: i64,
        enabled: i64,
        /// Enabled ones only, here and below.
        device_bound: i64,
        automatic: i64,
        automatic_enabled: i64,
        automatic_device_bound: i64,
    }
}

impl Held {
    /// Reads what a user has.
    pub async fn of(tx: &mut Tx, user_id: &UserId) -> Result<Self, Error> {
        tx.fetch_one(COUNT, args![user_id.as_str()]).await
    }

    /// Returns how many there are. Disabled passkeys are among them: otherwise a thief could turn off the second factor
    /// by using a copy.
    #[must_use]
    pub const fn count(&self) -> i64 {
        self.apps + self.passkeys
    }

    /// Returns how many of them are disabled passkeys.
    #[must_use]
    pub const fn disabled(&self) -> i64 {
        self.passkeys - self.enabled
    }

    /// Returns whether there is any, automatic passkeys included.
    #[must_use]
    pub const fn any(&self) -> bool {
        self.count() + self.automatic > 0
    }

    /// Returns how many of them a site accepts, without automatic passkeys.
    #[must_use]
    pub const fn accepted(&self, by: AcceptedFactors) -> i64 {
        match by {
            AcceptedFactors::Any => self.count(),
            AcceptedFactors::Passkeys => self.enabled,
            AcceptedFactors::DeviceBoundPasskeys => self.device_bound,
        }
    }

    /// Returns whether there is a passkey that a site accepts, the strongest factor.
    #[must_use]
    pub const fn has_passkey(&self, by: AcceptedFactors) -> bool {
        match by {
            AcceptedFactors::Any | AcceptedFactors::Passkeys => self.enabled > 0,
            AcceptedFactors::DeviceBoundPasskeys => self.device_bound > 0,
        }
    }

    /// Returns how many automatic passkeys a site accepts.
    const fn automatic_accepted(&self, by: AcceptedFactors) -> i64 {
        match by {
            AcceptedFactors::Any | AcceptedFactors::Passkeys => self.automatic_enabled,
            AcceptedFactors::DeviceBoundPasskeys => self.automatic_device_bound,
        }
    }

    /// Returns whether these are enough for a site that requires a second factor.
    #[must_use]
    pub const fn is_enough(&self, by: AcceptedFactors) -> bool {
        self.accepted(by) + self.automatic_accepted(by) > 0
    }

    /// Returns the second factors with which the user can confirm their identity, or `None` if nothing asks for one:
    /// those that the site accepts, or any if the user has none of these.
    #[must_use]
    pub const fn provable(
        &self,
        by: AcceptedFactors,
        is_required: bool,
    ) -> Option<AcceptedFactors> {
        if self.accepted(by) > 0 || is_required && self.is_enough(by) {
            Some(by)
        } else if self.count() > 0 || is_required && self.automatic > 0 {
            Some(AcceptedFactors::Any)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_factors_are_proven_before_others() {
        use AcceptedFactors::{Any, DeviceBoundPasskeys, Passkeys};
        let none = Held::default();
        let app = Held { apps: 1, ..none };
        let disabled = Held { passkeys: 1, ..none };
        let synced = Held { enabled: 1, ..disabled };
        let device_bound = Held { device_bound: 1, ..synced };
        let automatic = Held { automatic: 1, automatic_enabled: 1, ..none };
        let automatic_disabled = Held { automatic: 1, ..none };
        for (held, by, optional, required, is_enough) in [
            (none, Any, None, None, false),
            (none, Passkeys, None, None, false),
            (app, Any, Some(Any), Some(Any), true),
            (app, Passkeys, Some(Any), Some(Any), false),
            (disabled, Any, Some(Any), Some(Any), true),
            (disabled, Passkeys, Some(Any), Some(Any), false),
            (synced, Passkeys, Some(Passkeys), Some(Passkeys), true),
            (synced, DeviceBoundPasskeys, Some(Any), Some(Any), false),
            (
                device_bound,
                DeviceBoundPasskeys,
                Some(DeviceBoundPasskeys),
                Some(DeviceBoundPasskeys),
                true,
            ),
            (automatic, Any, None, Some(Any), true),
            (automatic, Passkeys, None, Some(Passkeys), true),
            (automatic, DeviceBoundPasskeys, None, Some(Any), false),
            (automatic_disabled, Any, None, Some(Any), false),
            (automatic_disabled, Passkeys, None, Some(Any), false),
        ] {
            assert_eq!(held.provable(by, false), optional, "{held:?} {by:?}");
            assert_eq!(held.provable(by, true), required, "{held:?} {by:?}, required");
            assert_eq!(held.is_enough(by), is_enough, "{held:?} {by:?}");
        }
    }
}
