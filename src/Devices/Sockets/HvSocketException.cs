// Why there is no connection.

using System.Net.Sockets;

namespace VmBus.Devices;

/// <summary>A connection could not be made, or is lost.</summary>
public sealed class HvSocketException : VmBusException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">Which service, and the reason.</param>
    /// <param name="socketErrorCode">The matching socket error.</param>
    public HvSocketException(string message, SocketError socketErrorCode)
        : base(message) => SocketErrorCode = socketErrorCode;

    /// <summary>Creates the exception with its cause.</summary>
    /// <param name="message">Which service, and the reason.</param>
    /// <param name="socketErrorCode">The matching socket error.</param>
    /// <param name="innerException">The cause.</param>
    public HvSocketException(string message, SocketError socketErrorCode, Exception innerException)
        : base(message, innerException) => SocketErrorCode = socketErrorCode;

    /// <summary>
    /// The matching socket error: <see cref="SocketError.HostUnreachable"/> if the guest is not connected to the bus,
    /// <see cref="SocketError.TimedOut"/> if it does not open the channel, <see cref="SocketError.ConnectionRefused"/> if the
    /// other end refuses, <see cref="SocketError.TooManyOpenSockets"/> at the limit, <see cref="SocketError.ConnectionReset"/>
    /// and <see cref="SocketError.ConnectionAborted"/> if the connection or its request was lost.
    /// </summary>
    public SocketError SocketErrorCode { get; }
}
