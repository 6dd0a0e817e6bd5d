//! The viewer, as the pages of one layout share it.

use leptos::prelude::*;

use crate::error::AppError;
use crate::user::Viewer;

/// The viewer, as all pages of the dashboard share them.
#[derive(Clone, Copy, Debug)]
pub struct CurrentViewer(pub Resource<Result<Viewer, AppError>>);
