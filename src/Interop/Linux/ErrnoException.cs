// A Linux call that failed: what it was asked to do, and errno with its text.

using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>
/// A Linux call failed. The message names the call, what it was asked for, and the error with its number:
/// <c>mmap of 4096 bytes failed: Cannot allocate memory (errno 12)</c>. To users it is the <see cref="Win32Exception"/> that .NET
/// throws of errno too, the number in <see cref="Win32Exception.NativeErrorCode"/>.
/// </summary>
internal sealed class ErrnoException : Win32Exception
{
    /// <summary>Makes the error of one call.</summary>
    /// <param name="call">The call and what it was asked for, as the beginning of a sentence: <c>mmap of 4096 bytes</c>.</param>
    /// <param name="errno">The error number it left.</param>
    public ErrnoException(string call, Errno errno)
        : base((int)errno, string.Create(CultureInfo.InvariantCulture,
            $"{call} failed: {Marshal.GetPInvokeErrorMessage((int)errno)} (errno {(int)errno})"))
    {
        Call = call;
        Errno = errno;
    }

    /// <summary>The call and what it was asked for.</summary>
    public string Call { get; }

    /// <summary>The error number.</summary>
    public Errno Errno { get; }

    // Marshal.GetLastPInvokeError is per thread and overwritten by the next call with SetLastError,
    // so this must be the first thing after the failed call; building `call` by interpolation is harmless.
    internal static ErrnoException FromLastCall(string call) => new(call, (Errno)Marshal.GetLastPInvokeError());
}
