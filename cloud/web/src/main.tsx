import "@medspasync/kit/styles";
import { start } from "@medspasync/kit";
import { createBrowserRouter, Navigate, RouterProvider } from "react-router";
import { Portal } from "./Portal";

const router = createBrowserRouter([
  { path: "/portal", element: <Portal /> },
  { path: "*", element: <Navigate to="/portal" replace /> },
]);

start(<RouterProvider router={router} />);
