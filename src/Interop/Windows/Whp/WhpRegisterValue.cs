// The value of a register. Mirrors WHV_REGISTER_VALUE (winhvplatformdefs.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>The value of a register: <c>WHV_REGISTER_VALUE</c>, 16 bytes.</summary>
/// <param name="Low">The low 64 bits: all that most registers have.</param>
/// <param name="High">The high 64 bits.</param>
[StructLayout(LayoutKind.Sequential)]
internal record struct WhpRegisterValue(ulong Low, ulong High = 0);
