//! The texts of the profile.

use crate::user::Appearance;

pub const TITLE: &str = "Profile";
pub const SAVING: &str = "Saving…";

// The name.
pub const NAME: &str = "Name";
pub const NAME_LEAD: &str = "Your name on this site.";
pub const DISPLAY_NAME: &str = "Display name";
pub const SAVE_NAME: &str = "Save name";

// The appearance.
pub const APPEARANCE: &str = "Appearance";
pub const SAVE_APPEARANCE: &str = "Save appearance";

pub const fn appearance(it: Appearance) -> &'static str {
    match it {
        Appearance::System => "System",
        Appearance::Light => "Light",
        Appearance::Dark => "Dark",
    }
}
