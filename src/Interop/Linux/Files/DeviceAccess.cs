namespace VmBus.Interop;

/// <summary>What a <see cref="DeviceFile"/> is opened for.</summary>
internal enum DeviceAccess
{
    /// <summary><c>O_RDONLY</c>.</summary>
    Read = 0,

    /// <summary><c>O_WRONLY</c>.</summary>
    Write,

    /// <summary><c>O_RDWR</c>.</summary>
    ReadWrite,
}
