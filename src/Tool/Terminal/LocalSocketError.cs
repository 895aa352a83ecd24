// Why a Unix-domain socket cannot be connected to, in words that fit.

using System.Net.Sockets;

namespace VmBus.Tool;

/// <summary>The framework tells a missing file as an address that cannot be assigned.</summary>
internal static class LocalSocketError
{
    /// <summary>The reason.</summary>
    public static string Explain(Exception error) => error switch
    {
        SocketException { SocketErrorCode: SocketError.AddressNotAvailable } => "no such file or directory",
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => "nothing listens there",
        SocketException { SocketErrorCode: SocketError.AccessDenied } => "permission denied",
        _ => error.Message.TrimEnd('.'),
    };
}
