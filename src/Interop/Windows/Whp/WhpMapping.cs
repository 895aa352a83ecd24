// What a guest may do with memory. Mirrors WHV_MAP_GPA_RANGE_FLAGS (winhvplatformdefs.h).

namespace VmBus.Interop;

/// <summary>How memory is mapped into a guest: <c>WHV_MAP_GPA_RANGE_FLAGS</c>.</summary>
[Flags]
internal enum WhpMapping : uint
{
    /// <summary>Not at all.</summary>
    None = 0,

    /// <summary><c>WHvMapGpaRangeFlagRead</c>.</summary>
    Read = 1,

    /// <summary><c>WHvMapGpaRangeFlagWrite</c>.</summary>
    Write = 2,

    /// <summary><c>WHvMapGpaRangeFlagExecute</c>.</summary>
    Execute = 4,
}
