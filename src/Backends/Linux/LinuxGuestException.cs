namespace VmBus.Linux;

/// <summary>A VMBus device of this Linux guest could not be found, bound or opened. The message gives the remedy.</summary>
public sealed class LinuxGuestException : VmBusException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="error">The error code.</param>
    /// <param name="message">The device, the problem, and the remedy.</param>
    public LinuxGuestException(LinuxGuestError error, string message) : base(message) => Error = error;

    /// <summary>Creates the exception with its cause.</summary>
    /// <param name="error">The error code.</param>
    /// <param name="message">The device, the problem, and the remedy.</param>
    /// <param name="innerException">The kernel's error.</param>
    public LinuxGuestException(LinuxGuestError error, string message, Exception innerException) : base(message, innerException) => Error = error;

    /// <summary>The error code.</summary>
    public LinuxGuestError Error { get; }
}
