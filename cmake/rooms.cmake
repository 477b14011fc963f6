# Who may include whom. One line a room: the room, then the rooms whose headers it may include.
# tools/check_rooms.py reads this table; CMakeLists.txt links by it. docs/rooms.md says why.
set(GATEHOUSE_ROOMS
  "base:"
  "wire: base"
  "crypto: base"
  "io: base"
  "http: base wire crypto io"
  "resource: base wire"
  "llm: base wire crypto http io"
  "secret: base wire crypto io http resource"
  "upstream: base wire crypto io http secret resource"
  "policy: base wire crypto io http secret llm resource"
  "telemetry: base wire io http llm"
  "snapshot: base crypto http llm secret upstream policy telemetry"
  "compile: base wire crypto http resource llm secret upstream policy telemetry snapshot"
  "proxy: base io http llm upstream policy telemetry snapshot"
  "control: base wire crypto io http resource secret compile snapshot"
  "admin: base wire crypto io http resource telemetry snapshot control"
  "cli: base wire crypto io http resource llm compile"
)
# Narrower than the table: from this room, of that room, only these headers.
set(GATEHOUSE_ROOM_LIMITS
  "llm: http/head.h http/fields.h http/body.h http/client.h io/task.h io/read_loan.h"
  "policy: llm/usage.h llm/price.h"
  "telemetry: llm/usage.h llm/price.h"
  "control: snapshot/publish.h"
)
# From this room, of resource/, only the .cc files may include.
set(GATEHOUSE_RESOURCE_FROM_CC_ONLY upstream policy)

# Rooms whose tests run several threads: ThreadSanitizer runs these.
set(GATEHOUSE_ROOMS_WITH_THREADS base io upstream telemetry snapshot proxy control admin)
