namespace VmBus.Linux;

/// <summary>A VMBus device of this Linux guest could not be found, bound or opened. The message says what to do about it.</summary>
public sealed class LinuxGuestException : VmBusException
{
    /// <summary>Makes the error.</summary>
    /// <param name="error">What kept it.</param>
    /// <param name="message">Which device, what was found, and what would help.</param>
    public LinuxGuestException(LinuxGuestError error, string message) : base(message) => Error = error;

    /// <summary>Makes the error with its cause.</summary>
    /// <param name="error">What kept it.</param>
    /// <param name="message">Which device, what was found, and what would help.</param>
    /// <param name="innerException">What the kernel answered.</param>
    public LinuxGuestException(LinuxGuestError error, string message, Exception innerException) : base(message, innerException) => Error = error;

    /// <summary>What kept it.</summary>
    public LinuxGuestError Error { get; }
}
