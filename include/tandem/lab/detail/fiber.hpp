// tandem/lab/detail/fiber.hpp: several stacks on one thread.
//
// Contract   A fiber is a function on a stack of its own, which can be left in the middle and gone on with later.
//            switch_fibers(from, to) leaves the running one and goes on with another; it returns when somebody
//            switches back. Nothing here chooses who runs, and no two ever run at once.
//            A fiber that is never gone on with is not unwound: its objects stay where they are.
// Algorithm  On x86-64 a dozen instructions of our own: the registers that a callee must keep go on the stack, and the
//            stack pointers are exchanged. Elsewhere ucontext, which asks the kernel for the signal mask each time and
//            takes a hundred times longer. The C++ runtime keeps the exceptions in flight per thread, not per stack, so
//            they are set aside as well. Below each stack lies a page that may not be touched.
// Cost       x86-64: some 2 ns a switch.
// Tests      tests/lab.test.cpp
#pragma once

#include <tandem/lab/detail/abi.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

#if defined(__x86_64__) && defined(__LP64__)
#define TANDEM_LAB_OWN_SWITCH 1
#else
#define TANDEM_LAB_OWN_SWITCH 0
#include <ucontext.h>
#endif

#if defined(__cpp_exceptions)
#include <cxxabi.h>
#if defined(_LIBCPP_VERSION)  // its header does not declare what the ABI, and its library, have
namespace __cxxabiv1 {
extern "C" void* __cxa_get_globals();
}
#endif
#endif

#if defined(__SANITIZE_ADDRESS__)
#define TANDEM_LAB_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TANDEM_LAB_ASAN 1
#endif
#endif
#if !defined(TANDEM_LAB_ASAN)
#define TANDEM_LAB_ASAN 0
#endif
#if TANDEM_LAB_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif

namespace tandem::inline TANDEM_ABI::lab {

#if TANDEM_LAB_OWN_SWITCH
/// Keeps what a callee must keep, stores the stack pointer at `leave`, and goes on with the stack pointer `enter`.
[[gnu::naked, gnu::noinline]] inline void exchange_stacks(void** /*leave: rdi*/, void* /*enter: rsi*/) noexcept {
  asm("pushq %rbp\n\t"
      "pushq %rbx\n\t"
      "pushq %r12\n\t"
      "pushq %r13\n\t"
      "pushq %r14\n\t"
      "pushq %r15\n\t"
      "movq %rsp, (%rdi)\n\t"
      "movq %rsi, %rsp\n\t"
      "popq %r15\n\t"
      "popq %r14\n\t"
      "popq %r13\n\t"
      "popq %r12\n\t"
      "popq %rbx\n\t"
      "popq %rbp\n\t"
      "ret");
}
#endif

/// Somewhere to run: a stack of our own, or the one of the thread that explores.
class fiber_context {
 public:
  using function = void (*)();

  fiber_context() noexcept = default;
  fiber_context(const fiber_context&) = delete;
  fiber_context& operator=(const fiber_context&) = delete;
  ~fiber_context() {
    if (memory_ != nullptr) ::munmap(memory_, page() + size_);
  }

  /// Gets a stack ready on which `run`, which must never return, begins. Throws std::bad_alloc.
  void prepare(std::size_t stack_size, function run) {
    if (memory_ == nullptr) allocate(stack_size);
    unpoison();
    char* const top = memory_ + page() + size_;
#if TANDEM_LAB_OWN_SWITCH
    void* frame[8] = {};  // six registers, where to begin, and no return address: the stack ends here
    frame[6] = reinterpret_cast<void*>(run);
    stack_pointer_ = top - sizeof frame;
    std::memcpy(stack_pointer_, frame, sizeof frame);
#else
    ::getcontext(&context_);
    context_.uc_stack.ss_sp = top - size_;
    context_.uc_stack.ss_size = size_;
    context_.uc_link = nullptr;
    ::makecontext(&context_, run, 0);
#endif
    exceptions_ = {};
  }

  /// The stack will not be used again, but what is on it still refers to memory: not a leak of its own.
  void abandon() noexcept {
#if TANDEM_LAB_ASAN
    __lsan_register_root_region(memory_ + page(), size_);
#endif
  }

  /// The first thing to call on a new stack.
  static void arrived(fiber_context& from, [[maybe_unused]] void* fake_stack = nullptr) noexcept {
#if TANDEM_LAB_ASAN
    const void* bottom = nullptr;
    std::size_t size = 0;
    __sanitizer_finish_switch_fiber(fake_stack, &bottom, &size);
    if (from.memory_ == nullptr) {
      from.bottom_ = bottom;
      from.size_ = size;
    }
#else
    (void)from;
#endif
  }

  friend void switch_fibers(fiber_context& from, fiber_context& to, bool for_good) noexcept {
    from.exceptions_.keep();
    to.exceptions_.restore();
    [[maybe_unused]] void* fake_stack = nullptr;
#if TANDEM_LAB_ASAN
    __sanitizer_start_switch_fiber(for_good ? nullptr : &fake_stack, to.bottom_, to.size_);
    last_left() = &from;
#else
    (void)for_good;
#endif
#if TANDEM_LAB_OWN_SWITCH
    exchange_stacks(&from.stack_pointer_, to.stack_pointer_);
#else
    ::swapcontext(&from.context_, &to.context_);
#endif
#if TANDEM_LAB_ASAN
    arrived(*last_left(), fake_stack);
#endif
  }

  static fiber_context*& last_left() noexcept {
    static thread_local fiber_context* left = nullptr;
    return left;
  }

 private:
  static std::size_t page() noexcept {
    static const std::size_t size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return size;
  }

  void allocate(std::size_t stack_size) {
    size_ = (stack_size + page() - 1) / page() * page();
    void* const got = ::mmap(nullptr, page() + size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (got == MAP_FAILED || ::mprotect(got, page(), PROT_NONE) != 0) throw_bad_alloc();
    memory_ = static_cast<char*>(got);
    bottom_ = memory_ + page();
  }

  [[noreturn]] static void throw_bad_alloc() {
#if defined(__cpp_exceptions)
    throw std::bad_alloc();
#else
    std::abort();
#endif
  }

  void unpoison() noexcept {
#if TANDEM_LAB_ASAN
    __asan_unpoison_memory_region(memory_ + page(), size_);
#endif
  }

  /// The exceptions in flight, as the Itanium ABI lays them out: the innermost caught one, and how many are uncaught.
  struct exceptions_in_flight {
    void* caught = nullptr;
    unsigned uncaught = 0;

    void keep() noexcept {
#if defined(__cpp_exceptions)
      std::memcpy(this, globals(), sizeof *this);
#endif
    }
    void restore() const noexcept {
#if defined(__cpp_exceptions)
      std::memcpy(globals(), this, sizeof *this);
#endif
    }
#if defined(__cpp_exceptions)
    static void* globals() noexcept { return static_cast<void*>(abi::__cxa_get_globals()); }
#endif
  };

  char* memory_ = nullptr;  // the guarding page, and above it the stack; nullptr: the thread's own
  const void* bottom_ = nullptr;
  std::size_t size_ = 0;
#if TANDEM_LAB_OWN_SWITCH
  void* stack_pointer_ = nullptr;
#else
  ucontext_t context_{};
#endif
  exceptions_in_flight exceptions_;
};

void switch_fibers(fiber_context& from, fiber_context& to, bool for_good) noexcept;

}  // namespace tandem::inline TANDEM_ABI::lab
