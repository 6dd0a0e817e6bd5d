//! The viewer, shared by the pages of one layout.

use leptos::prelude::*;

use crate::error::AppError;
use crate::user::Viewer;

/// The viewer, shared by all pages of the dashboard.
#[derive(Clone, Copy, Debug)]
pub struct CurrentViewer(pub Resource<Result<Viewer, AppError>>);
