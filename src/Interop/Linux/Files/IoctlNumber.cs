// The numbers of device control calls. Mirrors _IOC of asm-generic/ioctl.h, the same on x64 and arm64.

namespace VmBus.Interop;

internal static class IoctlNumber
{
    private const uint ToKernel = 1;        // _IOC_WRITE
    private const uint FromKernel = 2;      // _IOC_READ

    // _IOW: the kernel reads the argument.
    internal static unsafe uint Write<T>(byte type, byte number) where T : unmanaged => Make(ToKernel, type, number, sizeof(T));

    // _IOWR: the kernel reads the argument and writes it back.
    internal static unsafe uint WriteRead<T>(byte type, byte number) where T : unmanaged => Make(ToKernel | FromKernel, type, number, sizeof(T));

    // _IOR: the kernel writes the argument.
    internal static unsafe uint Read<T>(byte type, byte number) where T : unmanaged => Make(FromKernel, type, number, sizeof(T));

    // _IO: the argument, when there is one, is a number.
    internal static uint Plain(byte type, byte number) => Make(0, type, number, 0);

    // Arguments with a tail are numbered by the size of their head.
    internal static uint Write(byte type, byte number, int size) => Make(ToKernel, type, number, size);

    internal static uint WriteRead(byte type, byte number, int size) => Make(ToKernel | FromKernel, type, number, size);

    private static uint Make(uint direction, byte type, byte number, int size) => direction << 30 | (uint)size << 16 | (uint)type << 8 | number;
}
