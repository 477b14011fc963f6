// Rules of one listener by itself (resources.md 3.2).
#pragma once

#include "compile/draft.h"

namespace gatehouse::compile {

/// Its protocol and the kinds of routes it takes.
void checkListener(Draft& draft, ListenerDraft& listener);

}  // namespace gatehouse::compile
