//! What the runs of a version follow, made when the first of them begins: of a thousand workflows that wait for their
//! times few are needed in a minute, and each plan takes memory and time.

use std::fmt;
use std::sync::{Arc, OnceLock};

use engine::plan::Plan;

/// Makes a plan, or tells why there is none.
type Make = dyn Fn() -> Result<Arc<Plan>, String> + Send + Sync;

/// What the runs of a version follow, made when the first of them begins.
#[derive(Clone)]
pub struct Recipe(Arc<Making>);

struct Making {
    plan: OnceLock<Arc<Plan>>,
    make: Box<Make>,
}

impl Recipe {
    /// A plan that is there.
    pub fn of(plan: Arc<Plan>) -> Recipe {
        let made = plan.clone();
        Recipe(Arc::new(Making { plan: plan.into(), make: Box::new(move || Ok(made.clone())) }))
    }

    /// A plan that is made when it is needed.
    pub fn later(make: impl Fn() -> Result<Arc<Plan>, String> + Send + Sync + 'static) -> Recipe {
        Recipe(Arc::new(Making { plan: OnceLock::new(), make: Box::new(make) }))
    }

    /// The plan; where there is none, why not. It is asked for again then.
    pub(crate) fn plan(&self) -> Result<Arc<Plan>, String> {
        if let Some(plan) = self.0.plan.get() {
            return Ok(plan.clone());
        }
        let plan = (self.0.make)()?;
        Ok(self.0.plan.get_or_init(|| plan).clone())
    }
}

impl fmt::Debug for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recipe").field(&self.0.plan.get().map(|plan| &plan.workflow().name)).finish()
    }
}
