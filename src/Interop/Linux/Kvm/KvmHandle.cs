// What the three kinds of KVM descriptor have in common.

using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>A descriptor of KVM. A control call that a signal interrupts is made again, except a run of a VP.</summary>
[SupportedOSPlatform("linux")]
internal abstract class KvmHandle : FileDescriptorHandle
{
    private protected KvmHandle(int descriptor) : base(descriptor)
    {
    }

    private protected unsafe int Control(uint request, nint argument, string what)
    {
        int result = TryControl(request, argument);
        return result >= 0 ? result : throw ErrnoException.FromLastCall(what);
    }

    private protected unsafe int Control<T>(uint request, ref T argument, string what) where T : unmanaged
    {
        fixed (T* pointer = &argument)
            return Control(request, (nint)pointer, what);
    }

    private protected unsafe int Control(uint request, Span<byte> argument, string what)
    {
        fixed (byte* pointer = argument)
            return Control(request, (nint)pointer, what);
    }

    private unsafe int TryControl(uint request, nint argument)
    {
        while (true)
        {
            int result = Libc.Control(this, request, (void*)argument);
            if (result >= 0 || Libc.LastError != Errno.Interrupted)
                return result;
        }
    }
}
