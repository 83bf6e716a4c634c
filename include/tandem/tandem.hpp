// tandem/tandem.hpp: everything.
#pragma once

#include <tandem/async/future.hpp>
#include <tandem/async/mailbox.hpp>
#include <tandem/awaitable.hpp>
#include <tandem/blend/select.hpp>
#include <tandem/blend/selector.hpp>
#include <tandem/blend/timer.hpp>
#include <tandem/confinement.hpp>
#include <tandem/coro/compose.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/scheduler.hpp>
#include <tandem/coro/scope.hpp>
#include <tandem/coro/task.hpp>
#include <tandem/coro/thread_pool.hpp>
#include <tandem/mode.hpp>
#include <tandem/port.hpp>
#include <tandem/status.hpp>
#include <tandem/sync/rendezvous.hpp>
#include <tandem/thread.hpp>
#include <tandem/verbs.hpp>
#include <tandem/version.hpp>
